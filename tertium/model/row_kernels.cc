#include "tertium/model/row_kernels.h"

#include <cmath>

// Each function is compiled for several generations of CPUs, and the best is chosen when the program starts.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FOR_EVERY_CPU __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EVERY_CPU
#endif

namespace tertium {
namespace {

/// e^x with a relative error below 2e-7, from what every vector unit has: x = n ln 2 + r, a polynomial in r (Cephes'
/// coefficients), and n added to the exponent. Always inlined, since a call would end vectorization.
__attribute__((always_inline)) inline float exponential(float x) {
  constexpr float kLargest = 87, kRounder = 12582912;  // 1.5 * 2^23: adding it leaves a whole number
  constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  x = x < -kLargest ? -kLargest : x > kLargest ? kLargest : x;
  const float n = (x * 1.44269504f + kRounder) - kRounder;
  const float r = (x - n * kLn2High) - n * kLn2Low;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1;
  return __builtin_bit_cast(float, __builtin_bit_cast(std::int32_t, p) + (static_cast<std::int32_t>(n) << 23));
}

__attribute__((always_inline)) inline std::uint16_t rounded_to_bf16(float x) {
  const auto bits = __builtin_bit_cast(std::uint32_t, x);
  return static_cast<std::uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

/// The sum of f(i), in as many running sums as hide the time that an addition takes. Always inlined, so that it is
/// compiled for the caller's CPU.
template <class F>
__attribute__((always_inline)) inline float sum_of(std::int64_t n, const F& f) {
  constexpr std::int64_t kSums = 64;  // four vectors of 16
  float sums[kSums] = {};
  std::int64_t i = 0;
  for (; i + kSums <= n; i += kSums) {
#pragma omp simd
    for (std::int64_t k = 0; k < kSums; ++k) sums[k] += f(i + k);
  }
  float sum = 0;
  for (; i < n; ++i) sum += f(i);
#pragma omp simd reduction(+ : sum)
  for (std::int64_t k = 0; k < kSums; ++k) sum += sums[k];
  return sum;
}

}  // namespace

FOR_EVERY_CPU void normalize_row(const float* x, const float* weight, const float* bias, bool centered, float eps,
                                 float* out, std::int64_t n) {
  const float mean = centered ? sum_of(n, [&](std::int64_t i) { return x[i]; }) / static_cast<float>(n) : 0;
  const float squares = sum_of(n, [&](std::int64_t i) { return (x[i] - mean) * (x[i] - mean); });
  const float scale = 1 / std::sqrt(squares / static_cast<float>(n) + eps);
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) out[i] = (x[i] - mean) * scale * weight[i];
  if (!bias) return;
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) out[i] += bias[i];
}

FOR_EVERY_CPU void silu_gate_row(const float* gate, const float* up, float* out, std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) out[i] = gate[i] / (1 + exponential(-gate[i])) * up[i];
}

// 0.5 x (1 + tanh(u)) = x / (1 + e^(-2u)), u = sqrt(2 / pi) (x + 0.044715 x^3)
FOR_EVERY_CPU void gelu_tanh_gate_row(const float* gate, const float* up, float* out, std::int64_t n) {
  constexpr float kTwice = 1.5957691216f;  // 2 sqrt(2 / pi)
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    const float x = gate[i];
    out[i] = x / (1 + exponential(-kTwice * (x + 0.044715f * x * x * x))) * up[i];
  }
}

FOR_EVERY_CPU void rotate_halves_row(float* x, const float* cos, const float* sin, std::int64_t half) {
#pragma omp simd
  for (std::int64_t i = 0; i < half; ++i) {
    const float a = x[i], b = x[half + i];
    x[i] = a * cos[i] - b * sin[i];
    x[half + i] = b * cos[i] + a * sin[i];
  }
}

FOR_EVERY_CPU void rotate_neighbours_row(float* x, const float* cos, const float* sin, std::int64_t half) {
#pragma omp simd
  for (std::int64_t i = 0; i < half; ++i) {
    const float a = x[2 * i], b = x[2 * i + 1];
    x[2 * i] = a * cos[i] - b * sin[i];
    x[2 * i + 1] = b * cos[i] + a * sin[i];
  }
}

FOR_EVERY_CPU float largest_of(const float* x, std::int64_t n) {
  float largest = x[0];
#pragma omp simd reduction(max : largest)
  for (std::int64_t i = 0; i < n; ++i) largest = largest < x[i] ? x[i] : largest;
  return largest;
}

FOR_EVERY_CPU float exponentials_row(float* x, float largest, float scale, std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) x[i] = exponential(scale * (x[i] - largest));
  return sum_of(n, [&](std::int64_t i) { return x[i]; });
}

FOR_EVERY_CPU void scale_row(float* x, float factor, std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) x[i] *= factor;
}

FOR_EVERY_CPU void interleave_rows(const std::uint16_t* __restrict a, const std::uint16_t* __restrict b,
                                   std::uint16_t* __restrict out, std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    out[2 * i] = a[i];
    out[2 * i + 1] = b[i];
  }
}

FOR_EVERY_CPU void round_row_to_bf16(const float* __restrict x, std::uint16_t* __restrict out, std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) out[i] = rounded_to_bf16(x[i]);
}

FOR_EVERY_CPU void round_rows_to_bf16(const float* __restrict x, std::uint16_t* __restrict out, std::int64_t rows,
                                      std::int64_t n, std::int64_t stride) {
  for (std::int64_t row = 0; row < rows; ++row, x += n, out += stride) {
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) out[i] = rounded_to_bf16(x[i]);
  }
}

}  // namespace tertium
