#include "tertium/analysis/chance.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tertium {
namespace {

// The table of docs/methods.md, section 4.
TEST(ChanceLevel, IsWhatTheMethodsSay) {
  EXPECT_DOUBLE_EQ(chance_level("dali", 2, 100), 1. / 6);
  EXPECT_DOUBLE_EQ(chance_level("dali", 4, 100), 1. / 1820);
  EXPECT_DOUBLE_EQ(chance_level("dali_row", 2, 100), 1. / 4);
  EXPECT_DOUBLE_EQ(chance_level("dali_row", 4, 100), 1. / 256);
  EXPECT_DOUBLE_EQ(chance_level("dalist", 2, 100), 1. / 15);
  EXPECT_DOUBLE_EQ(chance_level("dalist", 4, 100), 1. / 20475);
  EXPECT_DOUBLE_EQ(chance_level("mexat", 2, 100), 1. / 199);
}

TEST(ChanceLevel, IsUnknownWhereThereIsNone) {
  EXPECT_TRUE(std::isnan(chance_level("dali_margin", 2, 100)));
  EXPECT_TRUE(std::isnan(chance_level("dali", 0, 100))) << "items with different numbers of options";
  EXPECT_TRUE(std::isnan(chance_level("mexat", 2, 0)));
}

}  // namespace
}  // namespace tertium
