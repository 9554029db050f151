#pragma once

#include <ATen/ATen.h>

#include <algorithm>

#include "tertium/ops/cpu/row_kernels.h"

namespace tertium::cpu {

// A row in f32 [n], written in the type that products read.

inline void round_row(const float* x, float* out, std::int64_t n) { std::copy_n(x, n, out); }
inline void round_row(const float* x, at::Half* out, std::int64_t n) { std::copy_n(x, n, out); }
inline void round_row(const float* x, at::BFloat16* out, std::int64_t n) {
  round_row_to_bf16(x, reinterpret_cast<std::uint16_t*>(out), n);
}

}  // namespace tertium::cpu
