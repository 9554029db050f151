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
  CleanRuns runs() const {
    CleanRuns runs;
    for (std::size_t i = 0; i < names.size(); ++i) {
      runs.activations.push_back(&kept[i]);
      runs.positions.push_back(&names[i]);
    }
    return runs;
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
  const CleanRuns clean = runs();
  Means means(clean, {0, 1, 2, 3, 4});
  EXPECT_THAT(means.at(site, "option_end", 0, 2, 4), ElementsAre((0 + 11 + 20) / 3.0f));
  EXPECT_THAT(means.at(site, "option_end", 1, 2, 4), ElementsAre((1 + 12 + 22) / 3.0f));
  EXPECT_THAT(means.at(site, "option_end", 1, 2, 1), ElementsAre((1 + 22) / 2.0f)) << "but for the recipient";
  EXPECT_THAT(means.at(site, "option_end", 2, 3, 0), ElementsAre(32));
  EXPECT_THAT(means.at(site, "option_end", 2, 3, 3), IsEmpty());
}

TEST_F(MeansTest, AreOfTheGivenItemsOnly) {
  for (int item = 0; item < 4; ++item) add({{"last", {2}}});
  const CleanRuns clean = runs();
  Means means(clean, {1, 3});
  EXPECT_THAT(means.at(site, "last", 0, 1, 0), ElementsAre((12 + 32) / 2.0f));
}

TEST_F(MeansTest, OfAllRowsWeighEveryItemTheSame) {
  add({{"all", {0, 1, 2}}});
  add({{"all", {0, 1}}});
  add({{"all", {0}}});
  const CleanRuns clean = runs();
  Means means(clean, {0, 1, 2});
  EXPECT_THAT(means.at(site, "all", 0, 1, 2), ElementsAre((1 + 10.5f) / 2));
}

}  // namespace
}  // namespace tertium
