#include "tertium/base/clock.h"

#include <gtest/gtest.h>

#include <ctime>

namespace tertium {
namespace {

TEST(Clock, TellsTimesThatReadBackAsSeconds) {
  EXPECT_EQ(utc_seconds("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(utc_seconds("2025-01-01T00:00:01Z"), 1735689601);
  const std::int64_t before = std::time(nullptr);
  const auto now = utc_seconds(utc_now());
  ASSERT_TRUE(now);
  EXPECT_LE(before, *now);
  EXPECT_LE(*now, std::time(nullptr));
}

TEST(Clock, TakesNoOtherText) {
  for (const char* text : {"", "now", "2025-01-01", "2025-01-01T00:00:01", "2025-01-01T00:00:01Z "})
    EXPECT_FALSE(utc_seconds(text)) << text;
}

}  // namespace
}  // namespace tertium
