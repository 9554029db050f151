#pragma once

#include <bit>
#include <cstdint>
#include <limits>

namespace tertium {

/// IEEE 754 half precision to single, exactly. Without branches, so that loops over it vectorise.
inline float half_to_float(std::uint16_t half) {
  constexpr std::uint32_t exponent_bits = 0x1fu << 23;           // a half's exponent, moved to a float's place
  constexpr std::uint32_t rebias = (127u - 15u) << 23;           // a float's exponent bias less a half's
  constexpr std::uint32_t smallest_normal = rebias + (1 << 23);  // 2^-14
  const std::uint32_t magnitude = (half & 0x7fffu) << 13;
  const std::uint32_t exponent = magnitude & exponent_bits;
  const std::uint32_t normal = magnitude + rebias;
  const std::uint32_t infinite_or_nan = normal + rebias;
  // A subnormal is a fraction of 2^-14: read behind a leading one, which is then subtracted.
  const float fraction = std::bit_cast<float>(magnitude + smallest_normal) - std::bit_cast<float>(smallest_normal);
  const std::uint32_t finite = exponent == 0 ? std::bit_cast<std::uint32_t>(fraction) : normal;
  const std::uint32_t sign = (half & 0x8000u) << 16;
  return std::bit_cast<float>((exponent == exponent_bits ? infinite_or_nan : finite) | sign);
}

/// bfloat16 is the upper half of a float.
inline float bfloat16_to_float(std::uint16_t bfloat16) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bfloat16) << 16);
}

/// E5M2 (OCP 8-bit floating point) is the upper half of a half.
inline float f8_e5m2_to_float(std::uint8_t bits) { return half_to_float(static_cast<std::uint16_t>(bits << 8)); }

/// E4M3 of the same specification: no infinities, the largest value is 448, and only 0x7f and 0xff are no numbers.
inline float f8_e4m3_to_float(std::uint8_t bits) {
  constexpr float rebias = 1 << 8;  // a half's exponent bias is 15, that of E4M3 is 7
  const unsigned magnitude = bits & 0x7fu;
  const float value = rebias * half_to_float(static_cast<std::uint16_t>((bits & 0x80u) << 8 | magnitude << 7));
  return magnitude == 0x7f ? std::numeric_limits<float>::quiet_NaN() : value;
}

}  // namespace tertium
