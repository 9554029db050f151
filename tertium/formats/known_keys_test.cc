#include "tertium/formats/known_keys.h"

#include <gtest/gtest.h>

namespace tertium {
namespace {

TEST(KnownKeys, AStarStandsForAnythingWhereItIs) {
  constexpr KnownKey kList[] = {
      {"exact", "1"}, {"front_*", "2"}, {"*_back", "3"}, {"*within*", "4"}, {"add_*_token", "5"}};
  EXPECT_EQ(why_known("exact", kList), "1");
  EXPECT_EQ(why_known("front_x", kList), "2");
  EXPECT_EQ(why_known("x_back", kList), "3");
  EXPECT_EQ(why_known("is_within_it", kList), "4");
  EXPECT_EQ(why_known("add_sep_token", kList), "5");
  for (const char* unknown : {"", "exactly", "inexact", "x_front_", "x_back_x", "wit", "add_token", "add_sep_tokens"})
    EXPECT_EQ(why_known(unknown, kList), "") << unknown;
}

}  // namespace
}  // namespace tertium
