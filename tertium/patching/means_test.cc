#include "tertium/patching/means.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tertium/model/config.h"

namespace tertium {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Runs of a model of one block and width 1: at row r of item i the stream that leaves the block is 10 i + r.
class MeansTest : public testing::Test {
 protected:
  void add(const NamedRows& positions) {
    const int item = static_cast<int>(names.size());
    names.push_back(positions);
    Config config{.hidden = 1};
    config.layers.resize(1);
    std::vector<std::vector<float>> recorded(1);
    for (int row = 0; row < 3; ++row) recorded[0].push_back(-1);
    for (int row = 0; row < 3; ++row) recorded[0].push_back(10.0f * item + row);
    kept.emplace_back(config, Kept{{Quantity::resid}, {0, 1, 2}}, recorded);
  }
  Means::One one(std::size_t item) const { return {kept[item], names[item]}; }
  /// Over some items, at the only site and one position.
  Means means(const std::string& position, const std::vector<std::size_t>& items) const {
    Means means;
    const std::vector<Place> places = {{0, site}};
    const std::vector<std::string> positions = {position};
    for (const std::size_t item : items) means.add(one(item), places, positions);
    return means;
  }
  const Site site{SiteKind::resid_post, 0};
  std::vector<NamedRows> names;
  std::vector<Activations> kept;
};

TEST_F(MeansTest, AreOfTheSameRowOfTheOtherItems) {
  add({{"option_end", {0, 1}}});
  add({{"option_end", {1, 2}}});
  add({{"option_end", {0, 2}}});
  add({{"option_end", {0, 1, 2}}});  // other rows
  add({});
  const Means all = means("option_end", {0, 1, 2, 3, 4});
  const Means::One second = one(1), fourth = one(3);
  EXPECT_THAT(all.at(site, "option_end", 0, 2), ElementsAre((0 + 11 + 20) / 3.0f));
  EXPECT_THAT(all.at(site, "option_end", 1, 2), ElementsAre((1 + 12 + 22) / 3.0f));
  EXPECT_THAT(all.at(site, "option_end", 1, 2, &second), ElementsAre((1 + 22) / 2.0f)) << "but for the recipient";
  EXPECT_THAT(all.at(site, "option_end", 2, 3), ElementsAre(32));
  EXPECT_THAT(all.at(site, "option_end", 2, 3, &fourth), IsEmpty());
  EXPECT_THAT(all.at(site, "last", 0, 1), IsEmpty());
}

TEST_F(MeansTest, OfPartsAddUp) {
  for (int item = 0; item < 4; ++item) add({{"last", {2}}});
  Means all = means("last", {1, 2});
  all.add(means("last", {3}));
  EXPECT_THAT(all.at(site, "last", 0, 1), ElementsAre((12 + 22 + 32) / 3.0f));
}

TEST_F(MeansTest, OfAllRowsWeighEveryItemTheSame) {
  add({{"all", {0, 1, 2}}});
  add({{"all", {0, 1}}});
  add({{"all", {0}}});
  const Means::One third = one(2);
  EXPECT_THAT(means("all", {0, 1, 2}).at(site, "all", 0, 1, &third), ElementsAre((1 + 10.5f) / 2));
}

TEST_F(MeansTest, ComeBackFromTheirBytes) {
  for (int item = 0; item < 2; ++item) add({{"last", {2}}});
  const std::string bytes = means("last", {0, 1}).bytes();
  EXPECT_THAT(Means::from_bytes(bytes).at(site, "last", 0, 1), ElementsAre((2 + 12) / 2.0f));
  EXPECT_THROW(Means::from_bytes(std::string_view(bytes).substr(0, bytes.size() - 1)), std::logic_error);
}

}  // namespace
}  // namespace tertium
