#include "tertium/stats/layer_choice.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tertium/stats/max_permutation.h"
#include "tertium/stats/random.h"
#include "tertium/stats/two_rates.h"

namespace tertium {
namespace {

/// Values by layer, a 0 or 1 an item, and the items' groups: T of the first, F of the second, - of neither.
LayerValues table_of(const std::vector<std::string>& layers, const std::string& groups) {
  LayerValues table{.layers = layers.size()};
  for (std::size_t item = 0; item < groups.size(); ++item) {
    table.groups.push_back(groups[item] == 'T' ? Group::first : groups[item] == 'F' ? Group::second : Group::neither);
    for (const std::string& layer : layers) table.values.push_back(layer[item] - '0');
  }
  return table;
}

/// Random zeros and ones; in the first group the last layer's are ones `effect` more often.
LayerValues random_table(Random& random, std::size_t items, std::size_t layers, double effect) {
  LayerValues table{.layers = layers};
  for (std::size_t item = 0; item < items; ++item) {
    table.groups.push_back(below(random, 10) < 6 ? Group::first : Group::second);
    for (std::size_t layer = 0; layer < layers; ++layer) {
      const double more = layer + 1 == layers && table.groups.back() == Group::first ? effect : 0;
      table.values.push_back(static_cast<double>(below(random, 1000)) < 1000 * (.4 + more));
    }
  }
  return table;
}

TEST(StudyChoice, TakesTheFirstLayerWithTheLargestMeanOverAllItems) {
  const LayerValues table = table_of({"11000000", "11100001", "00110101"}, "TTTTFFF-");
  const LayerChoice choice = study_choice(table);
  EXPECT_EQ(choice.layer, 1u) << "the last item, of neither group, counts";
  EXPECT_DOUBLE_EQ(choice.difference, .75);
  EXPECT_DOUBLE_EQ(choice.z, two_proportion_z({3, 4}, {0, 3}).z);
  EXPECT_DOUBLE_EQ(choice.p, two_proportion_z({3, 4}, {0, 3}).greater);
}

TEST(StudyChoice, OfAnEmptyGroupHasALayerButNoTest) {
  const LayerChoice choice = study_choice(table_of({"0100", "1110"}, "TTT-"));
  EXPECT_EQ(choice.layer, 1u);
  EXPECT_TRUE(std::isnan(choice.difference) && std::isnan(choice.z) && std::isnan(choice.p));
}

TEST(StudyChoice, OfRealValuesIsTestedByMannWhitney) {
  LayerValues table{.layers = 1, .values = {5, 4, 3.5, 1, 2}};
  table.groups = {Group::first, Group::first, Group::first, Group::second, Group::second};
  const LayerChoice choice = study_choice(table);
  EXPECT_NEAR(choice.p, .1, 1e-12) << "one of ten orders";
  EXPECT_TRUE(std::isnan(choice.z));
}

TEST(SplitHalf, FindsTheLayerWhereOneStandsOut) {
  Random random(3);
  const LayerValues table = random_table(random, 200, 5, .5);
  const LayerChoice choice = split_half(table);
  EXPECT_EQ(choice.layer, 4u);
  EXPECT_NEAR(choice.difference, study_choice(table).difference, .02);
  EXPECT_LT(choice.p, .001);
  EXPECT_GT(choice.p, study_choice(table).p) << "half of the items show less than all";
}

TEST(SplitHalf, HangsOnTheSeedAlone) {
  Random random(4);
  const LayerValues table = random_table(random, 80, 5, .1);
  EXPECT_EQ(split_half(table).p, split_half(table).p);
  EXPECT_NE(split_half(table).p, split_half(table, {.seed = 43}).p);
}

TEST(SplitHalf, WithoutATestShowsNothing) {
  EXPECT_TRUE(std::isnan(split_half(table_of({"0101"}, "TTTT")).p));
  EXPECT_TRUE(std::isnan(split_half(table_of({"1111", "0000"}, "TTFF")).p)) << "all hit in every half";
  EXPECT_EQ(split_half(table_of({"10000000"}, "TTTTFFFF")).p, 1) << "none hits in half of the halves";
}

TEST(SplitHalf, KeepsAUnitInOneHalf) {
  // Two units, each of both groups: whichever is tested, its first group hits and its second does not.
  LayerValues table = table_of({"11001100"}, "TTFFTTFF");
  table.units = {0, 0, 0, 0, 1, 1, 1, 1};
  const LayerChoice choice = split_half(table);
  EXPECT_EQ(choice.difference, 1);
  EXPECT_DOUBLE_EQ(choice.z, 2);
}

TEST(MaxPermutation, CountsTheSharesOfAllAssignments) {
  // One layer, two of five items hit, both of the first group's two: one of ten assignments does as well.
  const LayerChoice choice = max_permutation(table_of({"11000"}, "TTFFF"), {.permutations = 100'000});
  EXPECT_DOUBLE_EQ(choice.difference, 1);
  EXPECT_NEAR(choice.p, .1, .004);
  const LayerChoice larger_group = max_permutation(table_of({"11100"}, "TTTFF"), {.permutations = 100'000});
  EXPECT_NEAR(larger_group.p, .1, .004) << "where the second group is the smaller";
}

TEST(MaxPermutation, PaysForTheSearch) {
  const LayerValues one = table_of({"1111100000"}, "TTTTTFFFFF");
  LayerValues many = table_of({"1111100000", "1010101010", "0110011001", "1100110011", "0011101001"}, "TTTTTFFFFF");
  EXPECT_NEAR(max_permutation(one).p, 1 / 252.0, .002);
  EXPECT_GT(max_permutation(many).p, 2 * max_permutation(one).p);
  EXPECT_EQ(max_permutation(many).layer, 0u);
}

TEST(MaxPermutation, LeavesOutItemsOfNeitherGroup) {
  EXPECT_EQ(max_permutation(table_of({"11000"}, "TTFFF")).p, max_permutation(table_of({"1100011"}, "TTFFF--")).p);
}

TEST(MaxPermutation, RejectsAsOftenAsItsLevelSaysWhereNothingIsThere) {
  Random random(5);
  int rejected = 0;
  for (int experiment = 0; experiment < 400; ++experiment)
    rejected += max_permutation(random_table(random, 60, 12, 0), {.permutations = 199}).p <= .05;
  EXPECT_NEAR(rejected, 20, 13) << "5 % of 400, three standard errors";
}

TEST(MaxPermutation, FindsRealValuesToo) {
  Random random(6);
  LayerValues table = random_table(random, 60, 4, .5);
  for (double& value : table.values) value = 3 * value + static_cast<double>(below(random, 100)) / 100 - 7;
  const LayerChoice choice = max_permutation(table);
  EXPECT_EQ(choice.layer, 3u);
  EXPECT_LT(choice.p, .01);
}

TEST(MaxPermutation, MovesAUnitsLabelsTogether) {
  // Three units of two items with one label: only three assignments, of which one is as far apart.
  LayerValues table = table_of({"110000"}, "TTFFFF");
  table.units = {0, 0, 1, 1, 2, 2};
  EXPECT_NEAR(max_permutation(table).p, 1 / 3.0, .02);
  table.units = {0, 1, 2, 3, 4, 5};
  EXPECT_NEAR(max_permutation(table).p, 1 / 15.0, .01);
}

TEST(MaxPermutation, WithoutAGroupIsUndefined) {
  const LayerChoice choice = max_permutation(table_of({"1100"}, "TTT-"));
  EXPECT_TRUE(std::isnan(choice.p) && std::isnan(choice.difference));
}

}  // namespace
}  // namespace tertium
