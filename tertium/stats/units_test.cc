#include "tertium/stats/units.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tertium/stats/rates.h"

namespace tertium {
namespace {

using Values = std::vector<double>;
using Units = std::vector<std::size_t>;

/// 40 item means of 10 draws, .35 on average.
Values item_means() {
  Values values;
  for (int item = 0; item < 40; ++item) values.push_back((item * 7 % 8) / 10.0);
  return values;
}

class UnitIntervals : public testing::Test {
 protected:
  Bootstrap bootstrap;
};

TEST_F(UnitIntervals, OfOneDrawAreWilsons) {
  Values answers(40, 0);
  for (std::size_t i = 0; i < 11; ++i) answers[i] = 1;
  const Estimate rate = rate_of_items(answers, {}, bootstrap);
  EXPECT_DOUBLE_EQ(rate.value, 11 / 40.0);
  EXPECT_DOUBLE_EQ(rate.low, wilson(11, 40).low);
  EXPECT_DOUBLE_EQ(rate.high, wilson(11, 40).high);
  EXPECT_EQ(rate.n, 40u);
}

TEST_F(UnitIntervals, OfItemMeansSpreadAsTheirStandardErrorSays) {
  const Values values = item_means();
  const Estimate rate = rate_of_items(values, {}, bootstrap);
  EXPECT_DOUBLE_EQ(rate.value, .35);
  double squares = 0;
  for (const double value : values) squares += (value - .35) * (value - .35);
  const double error = std::sqrt(squares / 39 / 40), t = 2.0227;  // Student's, 39 degrees of freedom
  EXPECT_NEAR(rate.low, .35 - t * error, .1 * error);
  EXPECT_NEAR(rate.high, .35 + t * error, .1 * error);
}

TEST_F(UnitIntervals, KeepAUnitWhole) {
  Values values;
  Units passages;
  for (std::size_t passage = 0; passage < 20; ++passage)
    for (int question = 0; question < 2; ++question) values.push_back(passage % 2), passages.push_back(passage);
  const Estimate apart = rate_of_items(values, {}, bootstrap), together = rate_of_items(values, passages, bootstrap);
  EXPECT_EQ(together.n, 20u);
  EXPECT_DOUBLE_EQ(together.value, .5);
  EXPECT_GT(together.high - together.low, 1.3 * (apart.high - apart.low)) << "two questions that agree are one";
}

TEST_F(UnitIntervals, WeighAUnitByItsItems) {
  EXPECT_DOUBLE_EQ(rate_of_items(Values{1, 1, 1, 0}, Units{0, 0, 0, 1}, bootstrap).value, .75);
}

TEST_F(UnitIntervals, OfNothingButZerosAreNotCertain) {
  const Estimate none = rate_of_items(Values(30, 0), {}, bootstrap);
  EXPECT_EQ(none.low, 0);
  EXPECT_NEAR(none.high, wilson(0, 30).high, 1e-15);
  Values two(30, 0);
  two[3] = .2, two[7] = .1;  // means over 10 draws
  const Estimate rate = rate_of_items(two, {}, bootstrap);
  EXPECT_DOUBLE_EQ(rate.high, wilson_of_mean(.01, 30).high) << "two units are too few for a bootstrap";
}

TEST_F(UnitIntervals, OfEqualValuesAreNotCertain) {
  const Estimate half = rate_of_items(Values(30, .5), {}, bootstrap);
  EXPECT_DOUBLE_EQ(half.low, wilson(15, 30).low);
}

TEST_F(UnitIntervals, AreMirrorImagesForMisses) {
  Values values = item_means(), misses;
  for (const double value : values) misses.push_back(1 - value);
  const Estimate hit = rate_of_items(values, {}, bootstrap), missed = rate_of_items(misses, {}, bootstrap);
  EXPECT_NEAR(hit.low, 1 - missed.high, 1e-12);
  EXPECT_NEAR(hit.high, 1 - missed.low, 1e-12);
}

TEST_F(UnitIntervals, OfPairsAreNarrowerWhereItemsAreAlike) {
  const Values first = item_means();
  Values second;
  for (std::size_t i = 0; i < first.size(); ++i) second.push_back(first[i] + (i % 3 == 0 ? .1 : .2));
  Values shuffled = second;
  std::rotate(shuffled.begin(), shuffled.begin() + 3, shuffled.end());
  const Estimate alike = paired_difference(second, first, {}, bootstrap);
  const Estimate unlike = paired_difference(shuffled, first, {}, bootstrap);
  EXPECT_NEAR(alike.value, .165, 1e-12);
  EXPECT_NEAR(unlike.value, .165, 1e-12);
  EXPECT_GT(alike.low, .14);
  EXPECT_LT(alike.high, .19);
  EXPECT_GT(unlike.high - unlike.low, 3 * (alike.high - alike.low));
}

TEST_F(UnitIntervals, OfPairsThatNeverDifferAreNotCertain) {
  const Estimate none = paired_difference(Values(30, 0), Values(30, 0), {}, bootstrap);
  EXPECT_EQ(none.value, 0);
  EXPECT_NEAR(none.high, wilson(0, 30).high, 1e-12);
  EXPECT_NEAR(none.low, -none.high, 1e-12);
  const Estimate all = paired_difference(Values(30, 1), Values(30, 0), {}, bootstrap);
  EXPECT_EQ(all.value, 1);
  EXPECT_LT(all.low, .9);
  EXPECT_LE(all.high, 1);
}

TEST_F(UnitIntervals, OfPairsChangeTheirSignWithTheSides) {
  Values first = item_means(), second(first.rbegin(), first.rend());
  second[0] = 1;
  const Estimate one = paired_difference(first, second, {}, bootstrap);
  const Estimate other = paired_difference(second, first, {}, bootstrap);
  EXPECT_NEAR(one.low, -other.high, 1e-12);
  EXPECT_NEAR(one.high, -other.low, 1e-12);
}

TEST_F(UnitIntervals, OfARatioAreOfSumsNotOfRatios) {
  const Values above = {1, 2, 3, 4, 10}, below = {2, 4, 6, 8, 10};
  const Estimate ratio = ratio_of_sums(above, below, {}, bootstrap);
  EXPECT_DOUBLE_EQ(ratio.value, 20 / 30.0);
  EXPECT_NEAR(ratio.low, .5, 1e-12) << "resamples without the last";
  EXPECT_GT(ratio.high, .7);
}

TEST_F(UnitIntervals, OfARatioAreUndefinedWhereTheSumBelowMayBeZero) {
  const Estimate ratio = ratio_of_sums(Values{1, 2, 3, 4}, Values{1, -2, 3, -1.5}, {}, bootstrap);
  EXPECT_TRUE(std::isnan(ratio.value) && std::isnan(ratio.low) && std::isnan(ratio.high));
  EXPECT_TRUE(std::isnan(ratio_of_sums(Values{1}, Values{1}, {}, bootstrap).value));
}

TEST_F(UnitIntervals, OfMarginsHaveNoBounds) {
  const Estimate mean = mean_of_items(Values{-3, 5, 8, 2, 4}, {}, bootstrap);
  EXPECT_DOUBLE_EQ(mean.value, 3.2);
  EXPECT_LT(mean.low, 1);
  EXPECT_GT(mean.high, 5);
  EXPECT_TRUE(std::isnan(mean_of_items(Values{7}, {}, bootstrap).low));
}

TEST_F(UnitIntervals, WithoutItemsSayNothing) {
  EXPECT_TRUE(std::isnan(rate_of_items({}, {}, bootstrap).value));
  EXPECT_TRUE(std::isnan(paired_difference({}, {}, {}, bootstrap).low));
  EXPECT_TRUE(std::isnan(mean_of_items({}, {}, bootstrap).value));
  EXPECT_TRUE(std::isnan(ratio_of_sums({}, {}, {}, bootstrap).value));
}

}  // namespace
}  // namespace tertium
