#include "tertium/stats/rates.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tertium {
namespace {

void expect_interval(const Rate& rate, double low, double high) {
  EXPECT_NEAR(rate.low, low, 1e-12);
  EXPECT_NEAR(rate.high, high, 1e-12);
}

TEST(Wilson, AgreesWithTheFormulaWorkedOutInPython) {
  expect_interval(wilson(8, 10), 0.49016247153664183, 0.9433178485456247);
  expect_interval(wilson(1, 3), 0.06149194472039632, 0.7923403991979523);
  expect_interval(wilson(81, 263), 0.2552885198782743, 0.3662095769828001);
  expect_interval(wilson(250, 500), 0.4563412653024843, 0.5436587346975157);
}

TEST(Wilson, WidensWithConfidence) { expect_interval(wilson(8, 10, 0.99), 0.4008186965216717, 0.9598688474953835); }

TEST(Wilson, CarriesItsCounts) {
  const Rate rate = wilson(3, 12);
  EXPECT_EQ(rate.hits, 3u);
  EXPECT_EQ(rate.n, 12u);
  EXPECT_DOUBLE_EQ(rate.value, 0.25);
}

TEST(Wilson, TouchesTheEndsExactlyWhereAllOrNoneHit) {
  EXPECT_EQ(wilson(0, 10).low, 0.0);
  EXPECT_NEAR(wilson(0, 10).high, 0.27753279986288915, 1e-12);
  EXPECT_EQ(wilson(10, 10).high, 1.0);
  EXPECT_NEAR(wilson(10, 10).low, 0.7224672001371109, 1e-12);
}

TEST(Wilson, KnowsNothingWithoutTrials) {
  const Rate rate = wilson(0, 0);
  EXPECT_TRUE(std::isnan(rate.value));
  EXPECT_EQ(rate.low, 0.0);
  EXPECT_EQ(rate.high, 1.0);
  EXPECT_EQ(rate.n, 0u);
}

TEST(Wilson, HoldsItsRateAndStaysInTheUnitInterval) {
  for (std::size_t n = 1; n <= 40; ++n)
    for (std::size_t hits = 0; hits <= n; ++hits) {
      const Rate rate = wilson(hits, n);
      EXPECT_LE(0, rate.low);
      EXPECT_LE(rate.low, rate.value);
      EXPECT_LE(rate.value, rate.high);
      EXPECT_LE(rate.high, 1);
    }
}

TEST(Wilson, IsTheMirrorImageForMisses) {
  const Rate hits = wilson(7, 30), misses = wilson(23, 30);
  EXPECT_NEAR(hits.low, 1 - misses.high, 1e-12);
  EXPECT_NEAR(hits.high, 1 - misses.low, 1e-12);
}

}  // namespace
}  // namespace tertium
