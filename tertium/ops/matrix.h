#pragma once

#include <ATen/ATen.h>

#include <vector>

namespace tertium {

/// A weight matrix [out, in] that rows are multiplied with, in the order that one implementation of Ops reads: it makes
/// matrices (Ops::matrix), and takes only its own.
struct Matrix {
  std::int64_t out = 0, in = 0;
  at::ScalarType type = at::kFloat;
  at::Tensor packed;  // undefined, or all numbers in an order of the implementation's own
  at::Tensor plain;   // [out, in], where they are not packed

  /// [out, in]. Throws std::logic_error if packed.
  const at::Tensor& values() const;
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
