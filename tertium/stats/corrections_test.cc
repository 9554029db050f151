#include "tertium/stats/corrections.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace tertium {
namespace {

using Values = std::vector<double>;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

void expect_near(const Values& corrected, const Values& expected) {
  ASSERT_EQ(corrected.size(), expected.size());
  for (std::size_t i = 0; i < corrected.size(); ++i) EXPECT_NEAR(corrected[i], expected[i], 1e-12) << i;
}

TEST(Corrections, AgreeWithStatsmodels) {
  expect_near(holm(Values{.04, .001, .03, .8, .01}), {.09, .005, .09, .8, .04});
  expect_near(benjamini_hochberg(Values{.04, .001, .03, .8, .01}), {.05, .005, .05, .8, .025});
}

TEST(Corrections, NeverExceedOne) {
  expect_near(holm(Values{.6, .7}), {1, 1});
  expect_near(benjamini_hochberg(Values{.6, .9}), {.9, .9});
}

TEST(Corrections, LeaveOutWhatIsNoTest) {
  const Values p = {kNaN, .01, kNaN, .03};
  EXPECT_EQ(family_size(p), 2u);
  const Values by_holm = holm(p), by_rate = benjamini_hochberg(p);
  EXPECT_TRUE(std::isnan(by_holm[0]) && std::isnan(by_holm[2]) && std::isnan(by_rate[0]) && std::isnan(by_rate[2]));
  EXPECT_DOUBLE_EQ(by_holm[1], .02) << "of a family of two, not four";
  EXPECT_DOUBLE_EQ(by_holm[3], .03);
  EXPECT_DOUBLE_EQ(by_rate[1], .02);
  EXPECT_DOUBLE_EQ(by_rate[3], .03);
}

TEST(Corrections, OfASingleTestChangeNothing) {
  expect_near(holm(Values{.2}), {.2});
  expect_near(benjamini_hochberg(Values{.2}), {.2});
  EXPECT_TRUE(holm(Values{}).empty());
}

}  // namespace
}  // namespace tertium
