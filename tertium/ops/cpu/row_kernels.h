#pragma once

#include <cstdint>

namespace tertium::cpu {

// What happens to one row between two matrix products, in f32, for the widest vectors that the CPU has. No allocation,
// no threads, no checks: block.cc calls these on rows of tensors. What is not finite is never lost: NaN gives NaN, and
// infinity gives infinity or NaN unless a function says otherwise.

/// out = (x - mean(x) if `centered`) / sqrt(mean of squares + eps) * weight + bias (if not null). [n]; out may be x.
/// NaN throughout if the sum of squares is not finite.
void normalize_row(const float* x, const float* weight, const float* bias, bool centered, float eps, float* out,
                   std::int64_t n);

/// out = silu(gate) * up, or gelu(gate) * up with gelu in its tanh form. [n]; relative error below 1e-6. out may be
/// gate.
void silu_gate_row(const float* gate, const float* up, float* out, std::int64_t n);
void gelu_tanh_gate_row(const float* gate, const float* up, float* out, std::int64_t n);

/// Turns each pair (x[i], x[half + i]), or (x[2i], x[2i + 1]), by the angle whose cosine and sine are given; [half].
void rotate_halves_row(float* x, const float* cos, const float* sin, std::int64_t half);
void rotate_neighbours_row(float* x, const float* cos, const float* sin, std::int64_t half);

/// The largest of x [n]; NaN if one of them is not finite, be it -infinity.
float largest_of(const float* x, std::int64_t n);

/// x = e^(scale * (x - largest)), [n]; returns their sum. Of -infinity that is next to nothing (see largest_of).
float exponentials_row(float* x, float largest, float scale, std::int64_t n);

/// log(sum(e^x)), [n]; overwrites x. NaN if one of them is not finite.
float log_sum_exp_row(float* x, std::int64_t n);

/// x = x * factor, [n].
void scale_row(float* x, float factor, std::int64_t n);

/// out = a[0], b[0], a[1], b[1] …; [2n].
void interleave_rows(const std::uint16_t* a, const std::uint16_t* b, std::uint16_t* out, std::int64_t n);

/// Rounds to nearest, ties to even, as the hardware does. Knows the NaN that arithmetic gives, whose last bits are 0.
/// [n]
void round_row_to_bf16(const float* x, std::uint16_t* out, std::int64_t n);
/// The same of x [rows, n]; out's rows are `stride` apart.
void round_rows_to_bf16(const float* x, std::uint16_t* out, std::int64_t rows, std::int64_t n, std::int64_t stride);

/// x = high + middle + low, each in bf16, without a rounding: 3 x 8 bits are what f32 has (but for what lies below
/// 2^-126). What is not finite gives a NaN in `middle`. [n]
void split_row_to_bf16(const float* x, std::uint16_t* high, std::uint16_t* middle, std::uint16_t* low, std::int64_t n);
/// Half precision in f32, out of the order that products in half precision read: [depth / 2, n, 2] → [depth, n]. f16
/// must be finite.
void widen_bf16_pairs(const std::uint16_t* pairs, float* out, std::int64_t depth, std::int64_t n);
void widen_f16_pairs(const std::uint16_t* pairs, float* out, std::int64_t depth, std::int64_t n);

}  // namespace tertium::cpu
