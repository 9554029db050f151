#include "tertium/experiment/real_patches.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tertium/engine/engine.h"
#include "tertium/model/config.h"
#include "tests/support/files.h"
#include "tests/support/naive_patch.h"

namespace tertium {
namespace {

constexpr std::size_t kGold = 1;

const std::vector<RowMatch> kMatches = {{"last", {6}, {4}}, {"markers", {2, 5}, {1, 3}}};

Question question(Protocol protocol) {
  const bool letters = protocol == Protocol::letters;
  return {.name = "question",
          .protocol = protocol,
          .context = {5, 17, 40, 8, 23, 61, 9},
          .options = letters ? std::vector<std::vector<TokenId>>{{30}, {31}}
                             : std::vector<std::vector<TokenId>>{{30, 12}, {31, 7, 44}}};
}

const Question kDonor = {
    .name = "donor", .protocol = Protocol::loglik, .context = {70, 3, 28, 44, 19}, .options = {{30}, {31}}};

TEST(RealPatches, ChangeTheMarginAsWholeRunsWithAnEditDo) {
  const Engine engine(Model::load(test::source_folder() / "tests/fixtures/golden/gemma3", "f32"));
  const Model& model = engine.model();
  std::vector<PatchPlace> places;
  for (const RowMatch& match : kMatches)
    for (int b = 0; b < model.config().block_count(); ++b) {
      for (const SiteInfo& site : site_kinds()) places.push_back({{site.kind, b}, match.position});
      places.push_back({{SiteKind::z, b, 1}, match.position});
    }
  for (const Protocol protocol : {Protocol::letters, Protocol::loglik}) {
    const Question recipient = question(protocol);
    const std::vector<double> changes =
        real_changes(engine, std::vector{PatchedItem{&recipient, &kDonor, kGold, kMatches}}, places).at(0);
    const double clean = test::naive_margin(model, recipient, kGold);
    for (std::size_t p = 0; p < places.size(); ++p) {
      const RowMatch& match = kMatches[places[p].position == "markers"];
      const std::vector<float> values = test::naive_rows(model, kDonor.context, places[p].site, match.donor);
      const double patched = test::naive_margin(model, recipient, kGold, {{places[p].site, match.recipient, values}});
      EXPECT_NEAR(changes[p], patched - clean, 5e-5) << to_string(places[p].site) << " " << places[p].position;
    }
  }
}

TEST(RealPatches, AtAPositionThatTheItemLacksAreNoNumber) {
  const Engine engine(Model::load(test::source_folder() / "tests/fixtures/golden/llama", "f32"));
  const Question recipient = question(Protocol::letters);
  const std::vector<PatchPlace> places = {{{SiteKind::attn_out, 0}, "colon"}};
  const std::vector<double> changes =
      real_changes(engine, std::vector{PatchedItem{&recipient, &kDonor, kGold, kMatches}}, places).at(0);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_TRUE(std::isnan(changes[0]));
}

}  // namespace
}  // namespace tertium
