#include "tertium/ops/cpu/row_kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <vector>

namespace tertium::cpu {
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

/// NaN and both infinities at every place of rows that are shorter than a vector, longer than the widest loops, and no
/// multiple of either; all else between -1 and 1.
void with_each_fault(const std::function<void(std::vector<float> row, std::size_t at)>& check) {
  for (const std::size_t n : {1, 3, 8, 16, 31, 64, 130, 203})
    for (std::size_t at = 0; at < n; ++at)
      for (const float fault : {NAN, -NAN, INFINITY, -INFINITY}) {
        std::vector<float> row = n == 1 ? std::vector<float>(1) : spread(1, n);
        row[at] = fault;
        SCOPED_TRACE(testing::Message() << fault << " at " << at << " of " << n);
        check(std::move(row), at);
      }
}

bool is_finite(const std::vector<float>& row) {
  return std::all_of(row.begin(), row.end(), [](float x) { return std::isfinite(x); });
}

std::int64_t size_of(const std::vector<float>& row) { return static_cast<std::int64_t>(row.size()); }

TEST(RowKernels, NormsOfARowWithNaNOrInfinityAreNaN) {
  with_each_fault([](const std::vector<float>& row, std::size_t) {
    const std::vector<float> ones(row.size(), 1);
    for (const bool centered : {false, true}) {
      std::vector<float> out(row.size());
      normalize_row(row.data(), ones.data(), ones.data(), centered, 1e-5f, out.data(), size_of(row));
      EXPECT_TRUE(std::all_of(out.begin(), out.end(), [](float x) { return std::isnan(x); }));
    }
  });
}

TEST(RowKernels, ANormWhoseSquaresOverflowIsNaNNotZero) {
  const std::vector<float> row(70, 3e19f), ones(70, 1);
  std::vector<float> out(70);
  normalize_row(row.data(), ones.data(), nullptr, /*centered=*/false, 1e-5f, out.data(), 70);
  EXPECT_TRUE(std::isnan(out[0]));
}

TEST(RowKernels, GatesKeepWhatIsNotFinite) {
  with_each_fault([](const std::vector<float>& row, std::size_t at) {
    const std::vector<float> ones(row.size(), 1);
    for (const auto gate : {silu_gate_row, gelu_tanh_gate_row})
      for (const bool of_gate : {false, true}) {
        std::vector<float> out(row.size());
        gate(of_gate ? row.data() : ones.data(), of_gate ? ones.data() : row.data(), out.data(), size_of(row));
        EXPECT_FALSE(std::isfinite(out[at]));
        EXPECT_TRUE(!std::isnan(row[at]) || std::isnan(out[at]));
        out[at] = 0;
        EXPECT_TRUE(is_finite(out)) << "it spread";
      }
  });
}

TEST(RowKernels, ASoftmaxOverWhatIsNotFiniteIsNaN) {
  with_each_fault([](std::vector<float> row, std::size_t at) {
    EXPECT_TRUE(std::isnan(largest_of(row.data(), size_of(row))));
    std::vector<float> logits = row;
    EXPECT_TRUE(std::isnan(log_sum_exp_row(logits.data(), size_of(row))));
    const float fault = row[at], sum = exponentials_row(row.data(), 1, 0.5f, size_of(row));
    EXPECT_EQ(std::isnan(fault), std::isnan(row[at]));
    EXPECT_EQ(std::isnan(fault), std::isnan(sum));
    const float unbounded = NAN;
    exponentials_row(row.data(), unbounded, 0.5f, size_of(row));
    EXPECT_TRUE(std::all_of(row.begin(), row.end(), [](float x) { return std::isnan(x); }));
  });
}

TEST(RowKernels, RotationsAndFactorsKeepWhatIsNotFinite) {
  with_each_fault([](std::vector<float> row, std::size_t at) {
    scale_row(row.data(), 0.5f, size_of(row));
    EXPECT_FALSE(std::isfinite(row[at]));
    if (row.size() % 2 != 0) return;
    const std::size_t half = row.size() / 2;
    const std::vector<float> cos(half, 0.6f), sin(half, 0.8f);
    std::vector<float> halves = row, neighbours = row;
    rotate_halves_row(halves.data(), cos.data(), sin.data(), static_cast<std::int64_t>(half));
    rotate_neighbours_row(neighbours.data(), cos.data(), sin.data(), static_cast<std::int64_t>(half));
    for (const std::size_t other : {at % half, half + at % half}) EXPECT_FALSE(std::isfinite(halves[other]));
    for (const std::size_t other : {at / 2 * 2, at / 2 * 2 + 1}) EXPECT_FALSE(std::isfinite(neighbours[other]));
  });
}

TEST(RowKernels, RoundingToBf16KeepsWhatIsNotFinite) {
  with_each_fault([](const std::vector<float>& row, std::size_t at) {
    std::vector<std::uint16_t> rounded(row.size());
    round_row_to_bf16(row.data(), rounded.data(), size_of(row));
    const float back = std::bit_cast<float>(static_cast<std::uint32_t>(rounded[at]) << 16);
    EXPECT_EQ(std::isnan(back), std::isnan(row[at]));
    EXPECT_TRUE(std::isnan(back) || back == row[at]);
    std::vector<std::uint16_t> rows(2 * row.size());
    round_rows_to_bf16(row.data(), rows.data(), 1, size_of(row), 2 * size_of(row));
    EXPECT_EQ(rows[at], rounded[at]);
  });
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

TEST(RowKernels, SplitIntoPartsWhoseSumIsTheNumber) {
  std::vector<float> row = {0, -0.0f, 1, -1, 1e-30f, 3.4028235e38f, 0x1.fffffep-60f};
  for (int i = 0; i < 2000; ++i) row.push_back(std::ldexp(std::sin(1.7f * static_cast<float>(i)), i % 90 - 45));
  std::vector<std::uint16_t> high(row.size()), middle(row.size()), low(row.size());
  split_row_to_bf16(row.data(), high.data(), middle.data(), low.data(), size_of(row));
  const auto f32 = [](std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); };
  for (std::size_t i = 0; i < row.size(); ++i) EXPECT_EQ(f32(high[i]) + (f32(middle[i]) + f32(low[i])), row[i]);
}

TEST(RowKernels, WidenAllFiniteNumbersOfHalfPrecision) {
  constexpr std::int64_t kColumns = 64;
  std::vector<std::uint16_t> pairs(1 << 16);  // [512, 64, 2]
  for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i] = static_cast<std::uint16_t>(i);
  const auto depth = static_cast<std::int64_t>(pairs.size()) / kColumns;
  std::vector<float> bf16(pairs.size()), f16(pairs.size());
  widen_bf16_pairs(pairs.data(), bf16.data(), depth, kColumns);
  widen_f16_pairs(pairs.data(), f16.data(), depth, kColumns);
  for (std::int64_t d = 0; d < depth; ++d)
    for (std::int64_t c = 0; c < kColumns; ++c) {
      const std::uint16_t bits = pairs[(d / 2 * kColumns + c) * 2 + d % 2];
      const auto at = static_cast<std::size_t>(d * kColumns + c);
      EXPECT_EQ(std::bit_cast<std::uint32_t>(bf16[at]), static_cast<std::uint32_t>(bits) << 16);
      const int exponent = bits >> 10 & 31, digits = bits & 1023;
      if (exponent == 31) continue;  // not finite
      const float size = exponent == 0 ? std::ldexp(static_cast<float>(digits), -24)
                                       : std::ldexp(static_cast<float>(1024 + digits), exponent - 25);
      EXPECT_EQ(std::bit_cast<std::uint32_t>(f16[at]), std::bit_cast<std::uint32_t>(bits >> 15 ? -size : size));
    }
}

}  // namespace
}  // namespace tertium::cpu
