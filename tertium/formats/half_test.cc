#include "tertium/formats/half.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
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

/// The definition of a number of 8 bits with a sign, `exponent_bits`, and the rest fraction; all codes as numbers.
double value_of_f8(std::uint8_t bits, int exponent_bits) {
  const int fraction_bits = 7 - exponent_bits;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = (bits & 0x7f) >> fraction_bits;
  const int fraction = bits & ((1 << fraction_bits) - 1);
  const double significand = (exponent == 0 ? 0.0 : 1.0) + std::ldexp(fraction, -fraction_bits);
  return ((bits & 0x80) != 0 ? -1 : 1) * std::ldexp(significand, std::max(exponent, 1) - bias);
}

TEST(F8E4M3, EveryCodeBecomesTheFloatOfItsDefinition) {
  for (int code = 0; code < 256; ++code) {
    const auto bits = static_cast<std::uint8_t>(code);
    const float actual = f8_e4m3_to_float(bits);
    if ((code & 0x7f) == 0x7f)
      EXPECT_TRUE(std::isnan(actual)) << code;
    else
      EXPECT_EQ(std::bit_cast<std::uint32_t>(actual),
                std::bit_cast<std::uint32_t>(static_cast<float>(value_of_f8(bits, 4))))
          << code;
  }
  EXPECT_EQ(f8_e4m3_to_float(0x7e), 448.0f);
  EXPECT_EQ(f8_e4m3_to_float(0x81), -std::ldexp(1.0f, -9));
}

TEST(F8E5M2, EveryCodeBecomesTheFloatOfItsDefinition) {
  for (int code = 0; code < 256; ++code) {
    const auto bits = static_cast<std::uint8_t>(code);
    const float actual = f8_e5m2_to_float(bits);
    if ((code & 0x7f) > 0x7c)
      EXPECT_TRUE(std::isnan(actual)) << code;
    else if ((code & 0x7f) == 0x7c)
      EXPECT_EQ(actual, (code & 0x80) != 0 ? -INFINITY : INFINITY);
    else
      EXPECT_EQ(std::bit_cast<std::uint32_t>(actual),
                std::bit_cast<std::uint32_t>(static_cast<float>(value_of_f8(bits, 5))))
          << code;
  }
  EXPECT_EQ(f8_e5m2_to_float(0x7b), 57344.0f);
}

}  // namespace
}  // namespace tertium
