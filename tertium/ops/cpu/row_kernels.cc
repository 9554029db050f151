#include "tertium/ops/cpu/row_kernels.h"

#include <cmath>
#include <limits>

// Each function is compiled for several generations of CPUs, and the best is chosen when the program starts.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define FOR_EVERY_CPU __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EVERY_CPU
#endif

namespace tertium::cpu {
namespace {

/// `x`, of which the compiler must know nothing. GCC would compute each gate once more for exponents that are clamped,
/// division and all, and in vectors it takes 0 times anything for 0.
__attribute__((always_inline)) inline float hidden(float x) {
  __asm__("" : "+g"(x));
  return x;
}

constexpr float kExponentLimit = 87;  // e^±87 are about the largest and the smallest

/// e^x with a relative error below 2e-7, from what every vector unit has: x = n ln 2 + r, a polynomial in r (Cephes'
/// coefficients), times 2^n. Beyond ±`limit` (kExponentLimit, hidden) as there; NaN stays NaN. Always inlined, since a
/// call would end vectorization.
__attribute__((always_inline)) inline float exponential(float x, float limit) {
  constexpr float kRounder = 12582912;  // 1.5 * 2^23: adding it leaves a whole number
  constexpr float kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  constexpr std::uint32_t kOne = __builtin_bit_cast(std::uint32_t, 1.0f);
  x = x < -limit ? -limit : x;  // each one instruction, which NaN passes
  x = x > limit ? limit : x;
  const float rounded = x * 1.44269504f + kRounder;
  const float n = rounded - kRounder;
  const float r = (x - n * kLn2High) - n * kLn2Low;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1;
  // The last bits of `rounded` are n. A product, which NaN survives, as it may not survive a sum of bits.
  return p * __builtin_bit_cast(float, (__builtin_bit_cast(std::uint32_t, rounded) << 23) + kOne);
}

__attribute__((always_inline)) inline std::uint16_t rounded_to_bf16(float x) {
  const auto bits = __builtin_bit_cast(std::uint32_t, x);
  return static_cast<std::uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

__attribute__((always_inline)) inline float f32_of(std::uint32_t bits) { return __builtin_bit_cast(float, bits); }

/// Of a finite number: its bits moved to where f32 has them make it 2^112 times too small, denormal or not.
__attribute__((always_inline)) inline float widened_f16(std::uint32_t bits) {
  constexpr float kBias = 0x1p112f;
  const float size = f32_of((bits & 0x7fff) << 13) * kBias;
  return f32_of(__builtin_bit_cast(std::uint32_t, size) | (bits & 0x8000) << 16);
}

/// The sum of f(i), in as many running sums as hide the time that an addition takes. Always inlined, so that it is
/// compiled for the caller's CPU.
template <class F>
__attribute__((always_inline)) inline float sum_of(std::int64_t n, const F& f) {
  constexpr std::int64_t kSums = 64;  // four vectors of 16
  float sums[kSums];
  for (std::int64_t k = 0; k < kSums; ++k) sums[k] = 0;  // in registers, where `= {}` would go through memory
  std::int64_t i = 0;
  for (; i + kSums <= n; i += kSums) {
#pragma omp simd
    for (std::int64_t k = 0; k < kSums; ++k) sums[k] += f(i + k);
  }
  float rest = 0;
  for (; i < n; ++i) rest += f(i);
#pragma GCC unroll 8
  for (std::int64_t half = kSums / 2; half > 0; half /= 2) {
#pragma omp simd
    for (std::int64_t k = 0; k < half; ++k) sums[k] += sums[k + half];
  }
  return sums[0] + rest;
}

}  // namespace

FOR_EVERY_CPU void normalize_row(const float* x, const float* weight, const float* bias, bool centered, float eps,
                                 float* out, std::int64_t n) {
  const float mean = centered ? sum_of(n, [&](std::int64_t i) { return x[i]; }) / static_cast<float>(n) : 0;
  const float squares = sum_of(n, [&](std::int64_t i) { return (x[i] - mean) * (x[i] - mean); });
  // Divided by an infinite length, all finite numbers would become 0.
  const bool finite = squares <= std::numeric_limits<float>::max();
  const float scale = finite ? 1 / std::sqrt(squares / static_cast<float>(n) + eps) : NAN;
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) out[i] = (x[i] - mean) * scale * weight[i];
  if (!bias) return;
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) out[i] += bias[i];
}

FOR_EVERY_CPU void silu_gate_row(const float* gate, const float* up, float* out, std::int64_t n) {
  const float limit = hidden(kExponentLimit);
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) out[i] = gate[i] / (1 + exponential(-gate[i], limit)) * up[i];
}

// 0.5 x (1 + tanh(u)) = x / (1 + e^(-2u)), u = sqrt(2 / pi) (x + 0.044715 x^3)
FOR_EVERY_CPU void gelu_tanh_gate_row(const float* gate, const float* up, float* out, std::int64_t n) {
  constexpr float kTwice = 1.5957691216f;  // 2 sqrt(2 / pi)
  const float limit = hidden(kExponentLimit);
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    const float x = gate[i];
    out[i] = x / (1 + exponential(-kTwice * (x + 0.044715f * x * x * x), limit)) * up[i];
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
  const float zero = hidden(0);
  float largest = -INFINITY, poison = 0;
#pragma omp simd reduction(max : largest) reduction(+ : poison)
  for (std::int64_t i = 0; i < n; ++i) {
    largest = x[i] > largest ? x[i] : largest;
    poison += zero * x[i];  // 0, or NaN
  }
  return largest + poison;
}

FOR_EVERY_CPU float exponentials_row(float* x, float largest, float scale, std::int64_t n) {
  const float limit = hidden(kExponentLimit);
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) x[i] = exponential(scale * (x[i] - largest), limit);
  return sum_of(n, [&](std::int64_t i) { return x[i]; });
}

float log_sum_exp_row(float* x, std::int64_t n) {
  const float largest = largest_of(x, n);
  return largest + std::log(exponentials_row(x, largest, 1, n));
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

FOR_EVERY_CPU void split_row_to_bf16(const float* __restrict x, std::uint16_t* __restrict high,
                                     std::uint16_t* __restrict middle, std::uint16_t* __restrict low, std::int64_t n) {
  constexpr std::uint32_t kUpper = 0xffff0000;
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    const auto bits = __builtin_bit_cast(std::uint32_t, x[i]);
    const float rest = x[i] - f32_of(bits & kUpper);  // exact, as the next one is
    const auto rest_bits = __builtin_bit_cast(std::uint32_t, rest);
    const float last = rest - f32_of(rest_bits & kUpper);
    high[i] = static_cast<std::uint16_t>(bits >> 16);
    middle[i] = static_cast<std::uint16_t>(rest_bits >> 16);
    low[i] = static_cast<std::uint16_t>(__builtin_bit_cast(std::uint32_t, last) >> 16);
  }
}

FOR_EVERY_CPU void widen_bf16_pairs(const std::uint16_t* __restrict pairs, float* __restrict out, std::int64_t depth,
                                    std::int64_t n) {
  for (std::int64_t d = 0; d < depth; d += 2, pairs += 2 * n, out += 2 * n) {
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) {
      out[i] = f32_of(static_cast<std::uint32_t>(pairs[2 * i]) << 16);
      out[n + i] = f32_of(static_cast<std::uint32_t>(pairs[2 * i + 1]) << 16);
    }
  }
}

FOR_EVERY_CPU void widen_f16_pairs(const std::uint16_t* __restrict pairs, float* __restrict out, std::int64_t depth,
                                   std::int64_t n) {
  for (std::int64_t d = 0; d < depth; d += 2, pairs += 2 * n, out += 2 * n) {
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) {
      out[i] = widened_f16(pairs[2 * i]);
      out[n + i] = widened_f16(pairs[2 * i + 1]);
    }
  }
}

}  // namespace tertium::cpu
