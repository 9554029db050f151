#include "tertium/training/batches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tertium/training/train_spec.h"

namespace tertium {
namespace {

using testing::SizeIs;

TEST(BatchOrder, GoesThroughEveryGroupInARoundAndMixesNone) {
  const BatchOrder order({10, 7}, 3, 42);
  std::map<std::size_t, std::set<std::size_t>> seen;
  for (std::size_t n = 0; n < 5; ++n) {  // three batches of the one, two of the other
    const BatchOrder::Batch batch = order.at(n);
    EXPECT_THAT(batch.members, SizeIs(3));
    for (const std::size_t member : batch.members)
      EXPECT_TRUE(seen[batch.group].insert(member).second) << "twice in a round";
  }
  EXPECT_THAT(seen[0], SizeIs(9));
  EXPECT_THAT(seen[1], SizeIs(6));
}

TEST(BatchOrder, IsTheSeedsAloneAndChangesFromRoundToRound) {
  const BatchOrder one({10}, 5, 42), same({10}, 5, 42), other({10}, 5, 43);
  EXPECT_EQ(one.at(7).members, same.at(7).members);
  EXPECT_NE(one.at(0).members, other.at(0).members);
  EXPECT_NE(one.at(0).members, one.at(2).members);
}

TEST(BatchOrder, OfAGroupThatIsTooSmallIsTheWholeGroup) { EXPECT_THAT(BatchOrder({2}, 8, 1).at(3).members, SizeIs(2)); }

TEST(Derangement, LeavesNothingWhereItWas) {
  for (const std::size_t n : {2u, 3u, 50u}) {
    const std::vector<std::size_t> moved = derangement(n, 7);
    EXPECT_EQ(std::set<std::size_t>(moved.begin(), moved.end()).size(), n);
    for (std::size_t i = 0; i < n; ++i) EXPECT_NE(moved[i], i);
  }
}

/// As transformers' schedulers give it, at a warm-up of 10 of 100 steps.
TEST(LearningRate, RisesInTheWarmUpAndThenFallsAsTheScheduleSays) {
  OptimizerSpec spec{.rate = 1, .schedule = Schedule::inverse_sqrt, .warm_up = 0.1};
  EXPECT_DOUBLE_EQ(rate_at(spec, 0, 100), 0);
  EXPECT_DOUBLE_EQ(rate_at(spec, 5, 100), 0.5);
  EXPECT_DOUBLE_EQ(rate_at(spec, 10, 100), 1);
  EXPECT_DOUBLE_EQ(rate_at(spec, 40, 100), 0.5);
  spec.schedule = Schedule::cosine;
  EXPECT_DOUBLE_EQ(rate_at(spec, 55, 100), 0.5);
  EXPECT_NEAR(rate_at(spec, 100, 100), 0, 1e-12);
  spec.schedule = Schedule::constant;
  EXPECT_DOUBLE_EQ(rate_at(spec, 99, 100), 1);
}

}  // namespace
}  // namespace tertium
