#include "tertium/formats/half.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tertium {
namespace {

/// The definition, spelt out.
double value_of_half(std::uint16_t half) {
  const int exponent = (half >> 10) & 31;
  const int fraction = half & 1023;
  const double sign = (half & 0x8000) != 0 ? -1 : 1;
  if (exponent == 31) return fraction == 0 ? sign * INFINITY : NAN;
  return exponent == 0 ? sign * std::ldexp(fraction, -24) : sign * std::ldexp(1024 + fraction, exponent - 25);
}

TEST(Half, EveryBitPatternBecomesTheFloatOfItsDefinition) {
  for (std::uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float actual = half_to_float(half);
    const auto expected = static_cast<float>(value_of_half(half));
    if (std::isnan(expected))
      ASSERT_TRUE(std::isnan(actual)) << bits;
    else
      ASSERT_EQ(std::bit_cast<std::uint32_t>(actual), std::bit_cast<std::uint32_t>(expected)) << bits;
  }
}

TEST(Bfloat16, IsTheUpperHalfOfAFloat) {
  EXPECT_EQ(bfloat16_to_float(0x3fc0), 1.5f);
  EXPECT_EQ(bfloat16_to_float(0xc2f7), -123.5f);
  EXPECT_TRUE(std::isinf(bfloat16_to_float(0x7f80)));
}

}  // namespace
}  // namespace tertium
