#include "tertium/stats/correlation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace tertium {
namespace {

using Values = std::vector<double>;

void expect_near(const Correlation& correlation, double value, double low, double high) {
  EXPECT_NEAR(correlation.value, value, 1e-12);
  EXPECT_NEAR(correlation.low, low, 1e-12);
  EXPECT_NEAR(correlation.high, high, 1e-12);
}

TEST(Spearman, AgreesWithTheFormulaWorkedOutInPython) {
  expect_near(
      spearman(Values{106, 100, 86, 101, 99, 103, 97, 113, 112, 110}, Values{7, 27, 2, 50, 28, 29, 20, 12, 6, 17}),
      -0.17575757575757575, -0.7278300282394071, 0.5145466616329561);
}

TEST(Spearman, GivesTiesTheirMeanRank) {
  expect_near(spearman(Values{1, 2, 2, 3, 5, 5, 5}, Values{2, 1, 4, 4, 3, 9, 7}), 0.6702887344438079,
              -0.2666150005020722, 0.9558721938223772);
}

TEST(Spearman, SeesOnlyTheOrder) {
  const Correlation same = spearman(Values{1, 2, 3, 4, 5}, Values{-7, 0, 0.5, 100, 1e9});
  EXPECT_EQ(same.value, 1);
  EXPECT_EQ(same.n, 5u);
}

TEST(Spearman, OfFewRanksInPerfectOrderIsNotCertain) {
  expect_near(spearman(Values{1, 2, 3, 4, 5}, Values{1, 2, 3, 4, 5}), 1, -0.16889565860999556, 1);
  expect_near(spearman(Values{1, 2, 3, 4, 5}, Values{5, 4, 3, 2, 1}), -1, -1, 0.16889565860999556);
}

TEST(Spearman, KnowsNothingOfAConstantOrOfTooFew) {
  for (const Correlation& nothing : {spearman(Values{1, 2, 3, 4}, Values{5, 5, 5, 5}), spearman(Values{1}, Values{2}),
                                     spearman(Values{}, Values{})}) {
    EXPECT_TRUE(std::isnan(nothing.value));
    EXPECT_EQ(nothing.low, -1);
    EXPECT_EQ(nothing.high, 1);
  }
  const Correlation three = spearman(Values{1, 2, 3}, Values{1, 3, 2});
  EXPECT_EQ(three.value, 0.5);
  EXPECT_EQ(three.low, -1) << "three pairs bound nothing";
}

const Values kX = {1, 2, 3, 4, 5, 6.5, 7}, kY = {2, 1, 4, 3, 7, 5, 6.25};

TEST(Pearson, AgreesWithSciPy) {
  const Correlation r = pearson(kX, kY), narrow = pearson(kX, kY, .9);
  expect_near(r, 0.817873038684531, 0.1687475371380491, 0.9721674538791483);
  EXPECT_NEAR(narrow.low, 0.3166617138481883, 1e-12);
  EXPECT_NEAR(pearson_p(r.value, r.n), 0.0245835816766933, 1e-12);
}

TEST(Pearson, KnowsNothingOfAConstantOrOfTooFew) {
  const Correlation constant = pearson(Values{.1, .1, .1, .1}, Values{1, 2, 3, 4});
  EXPECT_TRUE(std::isnan(constant.value)) << "whatever rounding leaves of its variance";
  EXPECT_EQ(constant.low, -1);
  EXPECT_EQ(constant.high, 1);
  EXPECT_TRUE(std::isnan(pearson_p(constant.value, 4)));
  EXPECT_TRUE(std::isnan(pearson_p(1, 2)));
  EXPECT_EQ(pearson(Values{1, 2, 3}, Values{1, 3, 2}).low, -1);
}

TEST(LeaveOneOut, FindsThePairsOnWhichACorrelationHangsMost) {
  const LeaveOneOut r = leave_one_out(kX, kY, CorrelationKind::pearson);
  EXPECT_NEAR(r.low, 0.7675295564533363, 1e-12);
  EXPECT_NEAR(r.high, 0.8970022948663549, 1e-12);
  EXPECT_EQ(r.without_low, 6u);
  EXPECT_EQ(r.without_high, 4u);
  const LeaveOneOut rho = leave_one_out(kX, kY, CorrelationKind::spearman);
  EXPECT_NEAR(rho.low, 0.7714285714285715, 1e-12);
  EXPECT_NEAR(rho.high, 0.8857142857142858, 1e-12);
}

TEST(LeaveOneOut, PassesOverWhatIsUndefined) {
  const LeaveOneOut range = leave_one_out(Values{1, 1, 2}, Values{1, 2, 4}, CorrelationKind::pearson);
  EXPECT_EQ(range.low, 1);
  EXPECT_EQ(range.high, 1) << "without the third, x is constant";
  EXPECT_TRUE(std::isnan(leave_one_out(Values{1, 2}, Values{1, 2}, CorrelationKind::pearson).low));
}

}  // namespace
}  // namespace tertium
