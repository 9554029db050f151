#include "tertium/stats/bootstrap.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "tertium/stats/random.h"

namespace tertium {
namespace {

using Values = std::vector<double>;

TEST(Below, CoversItsRangeEvenly) {
  Random random(1);
  std::vector<int> counts(7);
  for (int draw = 0; draw < 70'000; ++draw) ++counts[below(random, 7)];
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 400);
}

TEST(Below, IsTheSameEverywhere) {
  Random random(42);  // whose first numbers the C++ standard fixes
  EXPECT_EQ(std::vector({below(random, 1000), below(random, 1000), below(random, 1000), below(random, 1000)}),
            (std::vector<std::size_t>{755, 639, 752, 136}));
}

TEST(Resamples, DrawAsManyUnitsAsThereAre) {
  const Resamples resamples(13, {.resamples = 200});
  EXPECT_EQ(resamples.size(), 200u);
  const Values ones(13, 1);
  for (const double sum : resamples.sums(ones)) EXPECT_EQ(sum, 13);
}

TEST(Resamples, SumEachValueAsOftenAsItsUnitWasDrawn) {
  const Resamples resamples(3, {.resamples = 50});
  const Values sums = resamples.sums(Values{1, 10, 100});
  for (std::size_t i = 0; i < sums.size(); ++i)
    EXPECT_EQ(sums[i], resamples.count(0, i) + 10 * resamples.count(1, i) + 100 * resamples.count(2, i));
}

TEST(Bootstrap, GivesTheSameNumbersForTheSameSeedInAnyOrder) {
  Bootstrap one({.resamples = 100}), other({.resamples = 100});
  const Values seven = {1, 2, 3, 4, 5, 6, 7};
  for (std::size_t units = 8; units < 20; ++units) other.of(units);  // seven would have been forgotten
  EXPECT_EQ(one.of(7).sums(seven), other.of(7).sums(seven));
  one.of(5);
  EXPECT_EQ(one.of(7).sums(seven), other.of(7).sums(seven));
  Bootstrap third({.resamples = 100, .seed = 43});
  EXPECT_NE(one.of(7).sums(seven), third.of(7).sums(seven));
}

TEST(Bootstrap, IntervalIsThatOfOrderStatisticsAtExpandedLevels) {
  Values resampled(10'001);
  std::iota(resampled.begin(), resampled.end(), 0);
  const auto [low, high] = Bootstrap().interval(resampled, 30);
  EXPECT_NEAR(low, 187.5390, 1e-3) << "10,000 times Phi(-sqrt(30/29) t29(.975))";
  EXPECT_NEAR(high, 10'000 - low, 1e-9);
  const auto [many_low, many_high] = Bootstrap().interval(resampled, 1'000'000);
  EXPECT_NEAR(many_low, 250, 0.01) << "plain percentiles of many units";
}

}  // namespace
}  // namespace tertium
