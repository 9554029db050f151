#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

namespace tertium {

/// A weight matrix [out, in] that rows are multiplied with, in the order that one implementation of Ops reads: it makes
/// matrices (Ops::matrix), and takes only its own.
struct Matrix {
  std::int64_t out = 0, in = 0;
  at::ScalarType type = at::kFloat;  // of products: rows are rounded to it
  at::Tensor packed;  // undefined, or [blocks of n rows, in / m, n rows, m]: what lies together is multiplied together.
                      // Of `type`, or for f32 of half precision that a file has: the same numbers, half as large
  bool in_parts = false;  // packed bf16 that f32 is multiplied with in three parts of bf16
  at::Tensor plain;       // [out, in], where they are not packed

  /// [out, in] in `type`; a copy, where they are packed.
  at::Tensor values() const;
  /// Some rows, as this matrix has them: no copy. A packed one can be cut at its blocks only (std::logic_error).
  Matrix part(std::int64_t first, std::int64_t count) const;
  /// Rows by index [n], which lies where the matrix does → [n, in] in f32.
  at::Tensor rows(const at::Tensor& index) const;
};

/// y = weight x + bias. The bias [out] is in the model's precision, or undefined.
struct Linear {
  Matrix weight;
  at::Tensor bias;
};

/// Matrices of one input, whose outputs lie side by side. One matrix where the file has them so, or where they had to
/// be converted or packed anyway; else each where it lies in the file.
using Stack = std::vector<Linear>;

}  // namespace tertium
