#include "tertium/stats/ranks.h"

#include <gtest/gtest.h>

#include <vector>

namespace tertium {
namespace {

using Values = std::vector<double>;

TEST(MeanRanks, BeginAtOneAndShareTiesEvenly) {
  EXPECT_EQ(mean_ranks(Values{20, 5, 20, 10}), (Values{3.5, 1, 3.5, 2}));
  EXPECT_EQ(mean_ranks(Values{7, 7, 7}), (Values{2, 2, 2}));
  EXPECT_TRUE(mean_ranks(Values{}).empty());
}

}  // namespace
}  // namespace tertium
