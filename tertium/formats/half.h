#pragma once

#include <bit>
#include <cstdint>

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

}  // namespace tertium
