#include "tertium/patching/place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tertium/model/config.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using testing::ElementsAre;
using testing::Optional;

Config config_of(int blocks, int heads, bool parallel = false) {
  Config config{.family = "cohere", .heads = heads};
  config.parallel = parallel;
  config.layers.resize(blocks);
  return config;
}

std::vector<std::string> printed(const PatchSpec& spec, const Config& config) {
  std::vector<std::string> all;
  for (const Place& place : make_places(spec, config))
    for (const Site site : place.sites()) all.push_back(spec.positions[place.position] + " " + to_string(site));
  return all;
}

TEST(Places, AreEveryBlockOfEverySiteAtEveryPosition) {
  EXPECT_THAT(printed({.sites = {{SiteKind::attn_out, {}}, {SiteKind::mlp_out, {}}}, .positions = {"last", "colon"}},
                      config_of(2, 1)),
              ElementsAre("last attn_out@0", "last attn_out@1", "last mlp_out@0", "last mlp_out@1", "colon attn_out@0",
                          "colon attn_out@1", "colon mlp_out@0", "colon mlp_out@1"));
}

TEST(Places, OfZAreEachHead) {
  EXPECT_THAT(printed({.sites = {{SiteKind::z, 1}}}, config_of(3, 2)), ElementsAre("last z@1.0", "last z@1.1"));
  EXPECT_THAT(printed({.sites = {{SiteKind::z, 1}}, .heads = {{1}}}, config_of(3, 2)), ElementsAre("last z@1.1"));
}

TEST(Places, OfKeysAndValuesAreTheHeadsThatTheyHave) {
  Config config = config_of(1, 4);
  config.kv_heads = 2;
  EXPECT_THAT(printed({.sites = {{SiteKind::k, {}}, {SiteKind::v, {}}}}, config),
              ElementsAre("last k@0.0", "last k@0.1", "last v@0.0", "last v@0.1"));
  EXPECT_EQ(make_places({.sites = {{SiteKind::q, {}}}}, config).size(), 4u);
}

TEST(Places, OfAWindowAreConsecutiveBlocksOfTheModel) {
  const PatchSpec spec{.window = 2};
  const std::vector<Place> places = make_places(spec, config_of(3, 1));
  ASSERT_EQ(places.size(), 2u) << "from blocks 0 and 1";
  EXPECT_THAT(places[1].sites(), ElementsAre(Site{SiteKind::resid_post, 1}, Site{SiteKind::resid_post, 2}));
}

TEST(Places, ThatTheModelDoesNotHaveAreRefused) {
  const auto refusal = [](const PatchSpec& spec, bool parallel = false) {
    return test::error_of([&] { make_places(spec, config_of(3, 2, parallel)); });
  };
  EXPECT_EQ(refusal({.blocks = {{0, 3}}}), "patch.blocks: block 3 is not there; the model has 0 to 2");
  EXPECT_EQ(refusal({.sites = {{SiteKind::z, {}}}, .heads = {{2}}}),
            "patch.heads: z's head 2 is not there; the model has 0 to 1");
  Config shared = config_of(3, 4);
  shared.kv_heads = 2;
  const PatchSpec fourth{.sites = {{SiteKind::q, {}}, {SiteKind::k, {}}}, .heads = {{3}}};
  EXPECT_EQ(test::error_of([&] { make_places(fourth, shared); }),
            "patch.heads: k's head 3 is not there; the model has 0 to 1");
  EXPECT_EQ(refusal({.sites = {{SiteKind::mlp_out, 3}}}),
            "patch.sites: mlp_out@3 is not there; the model's blocks are 0 to 2");
  EXPECT_NE(refusal({.window = 4}), "");
  EXPECT_EQ(refusal({.sites = {{SiteKind::resid_mid, {}}}}), "");
  EXPECT_EQ(
      refusal({.sites = {{SiteKind::resid_mid, {}}}}, true),
      "patch.sites: there is no resid_mid in cohere, whose attention and MLP read the same stream; name resid_pre");
}

TEST(MatchedRows, GoByNameAndOrderNotByIndex) {
  const NamedRows donor = {{"option_end", {3, 9}}}, recipient = {{"option_end", {5, 6}}};
  EXPECT_THAT(matched_rows("option_end", donor, recipient), Optional(ElementsAre(3, 9)));
}

TEST(MatchedRows, AreNoneWhereOneLacksThePositionOrHasOtherNumbers) {
  const NamedRows two = {{"option_end", {3, 9}}}, three = {{"option_end", {1, 2, 3}}};
  EXPECT_EQ(matched_rows("option_end", two, three), std::nullopt);
  EXPECT_EQ(matched_rows("option_end", {}, three), std::nullopt);
  EXPECT_EQ(matched_rows("option_end", three, {}), std::nullopt);
}

TEST(MatchedRows, OfAllGoByTheirShareOfTheWay) {
  const NamedRows three = {{"all", {0, 1, 2}}}, five = {{"all", {0, 1, 2, 3, 4}}}, one = {{"all", {0}}};
  EXPECT_THAT(matched_rows("all", five, three), Optional(ElementsAre(0, 2, 4)));
  EXPECT_THAT(matched_rows("all", three, five), Optional(ElementsAre(0, 1, 1, 2, 2)));
  EXPECT_THAT(matched_rows("all", five, one), Optional(ElementsAre(4)));
  EXPECT_THAT(matched_rows("all", three, three), Optional(ElementsAre(0, 1, 2)));
}

}  // namespace
}  // namespace tertium
