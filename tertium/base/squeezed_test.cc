#include "tertium/base/squeezed.h"

#include <gtest/gtest.h>

namespace tertium {
namespace {

TEST(Squeezed, TextsAreTheSameWhereOnlyWhiteSpaceOrCompositionDiffers) {
  EXPECT_EQ(squeezed(" \u3000two \n\twords\u00a0"), "two words");
  EXPECT_EQ(squeezed("e\u0301t"), "\u00e9t");
  EXPECT_NE(squeezed("a way"), squeezed("away"));
  EXPECT_EQ(squeezed("\u4e00"), "\u4e00");
  EXPECT_EQ(squeezed(" "), "");
}

}  // namespace
}  // namespace tertium
