#include "tertium/protocols/answer.h"

#include <gtest/gtest.h>

#include <limits>

namespace tertium {
namespace {

TEST(BestOption, IsTheFirstOnTies) {
  EXPECT_EQ(best_option({-3, -1, -2}), 1u);
  EXPECT_EQ(best_option({-1, -1}), 0u);
  EXPECT_EQ(best_option({-2, -1, -1}), 1u);
}

TEST(Margin, IsGoldLessTheBestOther) {
  EXPECT_EQ(margin({-3, -1, -2}, 1), 1);
  EXPECT_EQ(margin({-3, -1, -2}, 0), -2);
  EXPECT_EQ(margin({-1, -1}, 1), 0);
  EXPECT_EQ(margin({-1}, 0), std::numeric_limits<double>::infinity());
}

}  // namespace
}  // namespace tertium
