#include "tertium/stats/rank_correlation.h"

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

}  // namespace
}  // namespace tertium
