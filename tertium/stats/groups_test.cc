#include "tertium/stats/groups.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace tertium {
namespace {

using Values = std::vector<double>;

const Values kTied1 = {1, 2, 2, 3, 5, 7, 7, 8, 9}, kTied2 = {2, 3, 3, 4, 1, 0, 0, 1, 2, 4};
const Values kLong1 = {.25, 7.25, 1.25, 8.25, 2.25, 9.25, 3.25, 10.25, 4.25, 11.25, 5.25, 12.25};
const Values kLong2 = {0, 5, 10, 15, 3, 8, 13, 1, 6, 11, 16, 4, 9, 14, 2};

void expect_test(const MannWhitney& test, double u, double p, double greater, bool exact) {
  EXPECT_EQ(test.u, u);
  EXPECT_NEAR(test.p, p, 1e-12);
  EXPECT_NEAR(test.greater, greater, 1e-12);
  EXPECT_EQ(test.exact, exact);
}

TEST(MannWhitney, AgreesWithSciPyWhereItIsExact) {
  expect_test(mann_whitney(Values{1.5, 2.5, 3.5, 10}, Values{.5, 1, 2, 3, 4}), 14, 0.4126984126984127,
              0.20634920634920634, true);
  expect_test(mann_whitney(Values{19, 22, 16, 29, 24}, Values{20, 11, 17, 12}), 17, 0.1111111111111111,
              0.05555555555555555, true);
  Values many;
  for (int i = 0; i < 20; ++i) many.push_back(i * .7 + .05);
  expect_test(mann_whitney(Values{3.1, 9.7, 4.4, 12.5, .2, 7.7}, many), 56, 0.8357729227294444, 0.60512965295574, true);
}

TEST(MannWhitney, AgreesWithSciPyWhereItApproximates) {
  expect_test(mann_whitney(kTied1, kTied2), 70, 0.04347682278690617, 0.021738411393453085, false);
  expect_test(mann_whitney(kLong1, kLong2), 77, 0.5419031799870584, 0.7449662362212328, false);
}

TEST(MannWhitney, SeesNothingInEqualValues) {
  expect_test(mann_whitney(Values{1, 1}, Values{1, 1, 1}), 3, 1, 1, false);
  EXPECT_TRUE(std::isnan(mann_whitney(Values{1}, Values{}).p));
}

TEST(MannWhitney, ExactOfEightAgainstManyStaysAProbability) {
  Values few, many;
  for (int i = 0; i < 8; ++i) few.push_back(1000 + i);
  for (int i = 0; i < 600; ++i) many.push_back(i);
  const MannWhitney test = mann_whitney(few, many);
  EXPECT_TRUE(test.exact);
  EXPECT_NEAR(test.greater * 4.42206334804720596e17, 1, 1e-9) << "one in (608 over 8)";
  EXPECT_NEAR(mann_whitney(many, few).greater, 1, 1e-12);
}

TEST(Auc, HasDeLongsInterval) {
  const Estimate tied = auc(kTied1, kTied2), narrow = auc(kLong1, kLong2, .9);
  EXPECT_NEAR(tied.value, 0.7777777777777778, 1e-12);
  EXPECT_NEAR(tied.low, 0.5607918320693468, 1e-12);
  EXPECT_NEAR(tied.high, 0.9947637234862088, 1e-12);
  EXPECT_NEAR(narrow.value, 0.42777777777777776, 1e-12);
  EXPECT_NEAR(narrow.low, 0.2412049579368457, 1e-12);
  EXPECT_NEAR(narrow.high, 0.6143505976187098, 1e-12);
}

TEST(Auc, StaysInTheUnitInterval) {
  const Estimate near_one = auc(Values{2, 5, 6}, Values{1, 2.5, 0});
  EXPECT_LT(near_one.value, 1);
  EXPECT_EQ(near_one.high, 1);
}

TEST(Auc, OfGroupsThatDoNotOverlapClaimsNoCertainty) {
  const Estimate apart = auc(Values{4, 5, 6}, Values{1, 2, 3});
  EXPECT_EQ(apart.value, 1);
  EXPECT_TRUE(std::isnan(apart.low) && std::isnan(apart.high));
  EXPECT_TRUE(std::isnan(auc(Values{4}, Values{1, 2, 3, 5}).low)) << "one value has no variance";
  EXPECT_TRUE(std::isnan(auc(Values{}, Values{1}).value));
}

}  // namespace
}  // namespace tertium
