#include "tertium/stats/clustered.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tertium {
namespace {

TEST(Clustered, DifferenceHasTheErrorOfSumsOverUnits) {
  const ClusteredDifference found = clustered_difference(
      {1, 1, 0, 0, 1, 0, 1, 0}, {true, true, true, false, true, false, false, false}, {0, 0, 1, 1, 2, 2, 3, 3});
  EXPECT_DOUBLE_EQ(found.difference.value, 0.5);
  // Units move it by 2 (1 - .75) / 4, -.75 / 4 + .25 / 4, .25 / 4 + .25 / 4 and -(.75 - .25) / 4: by 1/8 each.
  const double error = std::sqrt(4 * 0.125 * 0.125 * 4.0 / 3);
  EXPECT_NEAR(found.difference.high - 0.5, 3.182446305284263 * error, 1e-12);
  EXPECT_NEAR(found.p, 0.1816901138162093, 1e-9);
  EXPECT_EQ(found.difference.n, 4u);
}

TEST(Clustered, DifferenceOfDoubledItemsIsAsUncertainAsOfOneOfEach) {
  const std::vector<double> once = {1, 0, 1, 1, 0, 0, 1, 0};
  const std::vector<bool> first = {true, true, true, true, false, false, false, false};
  std::vector<double> twice;
  std::vector<bool> first_twice;
  std::vector<std::size_t> units, units_twice;
  for (std::size_t i = 0; i < once.size(); ++i) {
    units.push_back(i);
    for (int copy = 0; copy < 2; ++copy) {
      twice.push_back(once[i]);
      first_twice.push_back(first[i]);
      units_twice.push_back(i);
    }
  }
  const ClusteredDifference single = clustered_difference(once, first, units);
  const ClusteredDifference doubled = clustered_difference(twice, first_twice, units_twice);
  EXPECT_NEAR(single.difference.low, doubled.difference.low, 1e-12);
  EXPECT_NEAR(single.p, doubled.p, 1e-12);
}

TEST(Clustered, DifferenceWithoutSpreadOrWithoutAGroupHasNoInterval) {
  EXPECT_TRUE(std::isnan(clustered_difference({1, 1, 0, 0}, {true, true, false, false}, {0, 0, 1, 1}).p));
  EXPECT_TRUE(std::isnan(clustered_difference({1, 0}, {true, true}, {0, 1}).difference.value));
}

}  // namespace
}  // namespace tertium
