#include "tertium/model/row_kernels.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <vector>

namespace tertium {
namespace {

/// Numbers from -range to range, more than one vector's width and no multiple of it.
std::vector<float> spread(float range, std::size_t count = 1003) {
  std::vector<float> values;
  for (std::size_t i = 0; i < count; ++i)
    values.push_back(range * (2.0f * static_cast<float>(i) / static_cast<float>(count - 1) - 1));
  return values;
}

void expect_close(double ours, double exact) { EXPECT_NEAR(ours, exact, 1e-6 * std::abs(exact) + 1e-30) << exact; }

TEST(RowKernels, SiluGateIsExactOverTheWholeRange) {
  const std::vector<float> x = spread(100), up(x.size(), 3);
  std::vector<float> gate = x;
  silu_gate_row(x.data(), up.data(), gate.data(), static_cast<std::int64_t>(x.size()));
  for (std::size_t i = 0; i < x.size(); ++i)
    if (x[i] > -80)
      expect_close(gate[i], x[i] / (1 + std::exp(-static_cast<double>(x[i]))) * 3);
    else
      EXPECT_NEAR(gate[i], 0, 1e-30);
}

TEST(RowKernels, GeluGateIsItsTanhForm) {
  const std::vector<float> x = spread(20), up(x.size(), -2);
  std::vector<float> gate = x;
  gelu_tanh_gate_row(x.data(), up.data(), gate.data(), static_cast<std::int64_t>(x.size()));
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double v = x[i];
    const double exact = 0.5 * v * (1 + std::tanh(std::sqrt(2 / M_PI) * (v + 0.044715 * v * v * v))) * -2;
    EXPECT_NEAR(gate[i], exact, 3e-6 * std::abs(v)) << v;
  }
}

TEST(RowKernels, NormalizeWithAndWithoutTheMean) {
  const std::vector<float> x = spread(5), weight(x.size(), 2), bias(x.size(), 1);
  std::vector<float> shifted = x, out(x.size());
  for (float& value : shifted) value += 10;
  const auto n = static_cast<std::int64_t>(x.size());
  double squares = 0, shifted_squares = 0;
  for (const float value : x) squares += value * value;
  for (const float value : shifted) shifted_squares += value * value;
  normalize_row(shifted.data(), weight.data(), bias.data(), /*centered=*/true, 1e-5f, out.data(), n);
  for (std::size_t i = 0; i < x.size(); ++i)
    EXPECT_NEAR(out[i], x[i] / std::sqrt(squares / static_cast<double>(n) + 1e-5) * 2 + 1, 1e-4);
  normalize_row(shifted.data(), weight.data(), nullptr, /*centered=*/false, 1e-5f, out.data(), n);
  for (std::size_t i = 0; i < x.size(); ++i)
    EXPECT_NEAR(out[i], shifted[i] / std::sqrt(shifted_squares / static_cast<double>(n) + 1e-5) * 2, 1e-5);
}

TEST(RowKernels, RotationsTurnPairs) {
  const std::vector<float> cos = {0, 0.5f}, sin = {1, 0.25f};
  std::vector<float> halves = {1, 2, 3, 4}, neighbours = {1, 3, 2, 4};
  rotate_halves_row(halves.data(), cos.data(), sin.data(), 2);
  rotate_neighbours_row(neighbours.data(), cos.data(), sin.data(), 2);
  EXPECT_EQ(halves, (std::vector<float>{-3, 0, 1, 2.5f}));
  EXPECT_EQ(neighbours, (std::vector<float>{-3, 1, 0, 2.5f}));
}

TEST(RowKernels, RoundToBf16ToNearestAndTiesToEven) {
  const auto rounded = [](std::uint32_t bits) {
    const float x = std::bit_cast<float>(bits);
    std::uint16_t out = 0;
    round_row_to_bf16(&x, &out, 1);
    return out;
  };
  EXPECT_EQ(rounded(0x3f800000), 0x3f80);  // 1
  EXPECT_EQ(rounded(0x3f807fff), 0x3f80);
  EXPECT_EQ(rounded(0x3f808001), 0x3f81);
  EXPECT_EQ(rounded(0x3f808000), 0x3f80);  // a tie, to even
  EXPECT_EQ(rounded(0x3f818000), 0x3f82);
  EXPECT_EQ(rounded(0xbf808001), 0xbf81);
}

}  // namespace
}  // namespace tertium
