#include "tertium/stats/power.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tertium {
namespace {

TEST(Power, OfTwoGroupsSolvesTheFormula) {
  EXPECT_NEAR(detectable_difference(100, {50, 100}), 0.19322515092981002, 1e-9);
  EXPECT_NEAR(detectable_difference(60, {18, 333}), 0.11250630969089838, 1e-9);
  EXPECT_NEAR(detectable_difference(93, {10, 100}), 0.15246225617011716, 1e-9);
}

TEST(Power, IsTheSameForMisses) {
  EXPECT_DOUBLE_EQ(detectable_difference(60, {18, 333}), detectable_difference(60, {315, 333}));
}

TEST(Power, OfAReferenceOfAllOrNoneIsNoCertainty) {
  EXPECT_NEAR(detectable_difference(30, {10, 10}), 0.4043960837957973, 1e-9);
}

TEST(Power, OfPairsSolvesConnorsFormula) {
  EXPECT_NEAR(detectable_paired_difference(100, 30), 0.15164709121466857, 1e-9);
  EXPECT_NEAR(detectable_paired_difference(500, 20), 0.024999102614307718, 1e-9);
  EXPECT_NEAR(detectable_paired_difference(60, 0), 0.12575657340820115, 1e-9) << "none was seen, but some must differ";
}

TEST(Power, OfAMeanIsInUnitsOfItsError) {
  EXPECT_NEAR(detectable_mean(.4, 50), 0.15848159246397384, 1e-12);
  EXPECT_TRUE(std::isnan(detectable_mean(0, 50)));
}

TEST(Power, NeedsLessOfMoreItemsAndMoreForMorePower) {
  EXPECT_LT(detectable_difference(400, {50, 100}), detectable_difference(100, {50, 100}));
  EXPECT_LT(detectable_difference(100, {50, 100}), detectable_difference(100, {50, 100}, {.power = .9}));
  EXPECT_LT(detectable_difference(100, {50, 100}), detectable_difference(100, {50, 100}, {.alpha = .01}));
}

TEST(Power, OfAHandfulOfItemsDetectsNothing) {
  EXPECT_TRUE(std::isnan(detectable_difference(2, {1, 2})));
  EXPECT_TRUE(std::isnan(detectable_paired_difference(3, 1)));
  EXPECT_TRUE(std::isnan(detectable_difference(0, {1, 2})));
  EXPECT_TRUE(std::isnan(detectable_difference(5, {0, 0})));
}

}  // namespace
}  // namespace tertium
