#include "tertium/stats/two_rates.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tertium {
namespace {

void expect_interval(const Estimate& estimate, double low, double high) {
  EXPECT_NEAR(estimate.low, low, 1e-12);
  EXPECT_NEAR(estimate.high, high, 1e-12);
}

TEST(RiskDifference, HasTheIntervalOfStatsmodels) {
  expect_interval(risk_difference({7, 10}, {2, 12}), 0.11967973137267784, 0.7597679858244781);
  expect_interval(risk_difference({0, 10}, {0, 5}), -0.43448246478317487, 0.27753279986288926);
  expect_interval(risk_difference({56, 70}, {48, 80}), 0.05243147240236498, 0.33387265403690614);
  EXPECT_NEAR(risk_difference({56, 70}, {48, 80}).value, 0.2, 1e-15);
}

TEST(RiskDifference, OfAnEmptyGroupIsUndefined) {
  const Estimate nothing = risk_difference({3, 4}, {0, 0});
  EXPECT_TRUE(std::isnan(nothing.value) && std::isnan(nothing.low) && std::isnan(nothing.high));
}

TEST(TwoProportionZ, AgreesWithStatsmodels) {
  const PooledZ more = two_proportion_z({30, 40}, {15, 35}), less = two_proportion_z({3, 10}, {7, 10});
  EXPECT_NEAR(more.z, 2.834733547569204, 1e-12);
  EXPECT_NEAR(more.greater, 0.002293196040126747, 1e-12);
  EXPECT_NEAR(more.two_sided, 0.004586392080253494, 1e-12);
  EXPECT_NEAR(less.z, -1.7888543819998317, 1e-12);
  EXPECT_NEAR(less.greater, 0.9631808649398487, 1e-12);
  EXPECT_NEAR(less.two_sided, 0.07363827012030266, 1e-12);
}

TEST(TwoProportionZ, IsUndefinedWhereAllHitOrNoneOrAGroupIsEmpty) {
  for (const PooledZ& nothing : {two_proportion_z({4, 4}, {7, 7}), two_proportion_z({0, 4}, {0, 7}),
                                 two_proportion_z({1, 4}, {0, 0}), two_proportion_z({0, 0}, {1, 4})})
    EXPECT_TRUE(std::isnan(nothing.z) && std::isnan(nothing.greater) && std::isnan(nothing.two_sided));
}

TEST(FisherExact, AgreesWithSciPy) {
  EXPECT_NEAR(fisher_exact({8, 10}, {1, 6}), 0.034965034965034975, 1e-12);
  EXPECT_NEAR(fisher_exact({3, 4}, {2, 6}), 0.5238095238095238, 1e-12);
  EXPECT_NEAR(fisher_exact({120, 500}, {33, 273}), 6.571644102815337e-05, 1e-14);
}

TEST(FisherExact, CountsTablesAsProbableAsTheObservedOne) {
  EXPECT_NEAR(fisher_exact({10, 10}, {7, 10}), 0.21052631578947367, 1e-12) << "its mirror image is as extreme";
  EXPECT_EQ(fisher_exact({5, 10}, {5, 10}), 1);
}

TEST(FisherExact, IsCertainOfNothingWhereAllHitOrNone) {
  EXPECT_EQ(fisher_exact({0, 4}, {0, 7}), 1);
  EXPECT_EQ(fisher_exact({4, 4}, {7, 7}), 1);
  EXPECT_TRUE(std::isnan(fisher_exact({0, 0}, {7, 7})));
}

TEST(FisherExact, IsTheSameWithTheGroupsExchangedOrHitsAndMisses) {
  for (std::size_t a = 0; a <= 9; ++a)
    for (std::size_t b = 0; b <= 7; ++b) {
      const double p = fisher_exact({a, 9}, {b, 7});
      EXPECT_NEAR(p, fisher_exact({b, 7}, {a, 9}), 1e-13);
      EXPECT_NEAR(p, fisher_exact({9 - a, 9}, {7 - b, 7}), 1e-13);
    }
}

TEST(FisherExact, OfThousandsOfItemsStaysFinite) {
  const double p = fisher_exact({4000, 5000}, {1000, 5000});
  EXPECT_TRUE(p >= 0 && p < 1e-100);
}

TEST(McNemarExact, AgreesWithStatsmodels) {
  EXPECT_NEAR(mcnemar_exact(1, 8), 0.0390625, 1e-12);
  EXPECT_NEAR(mcnemar_exact(12, 3), 0.03515625, 1e-12);
  EXPECT_NEAR(mcnemar_exact(40, 61), 0.046044066929342785, 1e-12);
}

TEST(McNemarExact, IsOneWhereBothSidesAreEqual) {
  EXPECT_EQ(mcnemar_exact(5, 5), 1);
  EXPECT_EQ(mcnemar_exact(0, 0), 1);
}

}  // namespace
}  // namespace tertium
