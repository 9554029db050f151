#pragma once

#include <ATen/ATen.h>

#include <vector>

namespace tertium {

/// Whether matrices of this type are packed: this CPU multiplies them, and fastest in an order of its own.
bool is_packed(at::ScalarType type);

/// A weight matrix [out, in] that rows are multiplied with. In f32, and where the CPU has no half-precision units, it
/// is the tensor that it was made from; else it is a copy in the order that the units read, and the tensor may go.
class Matrix {
 public:
  Matrix() = default;
  /// The rows of several, one below the other. All [*, in], of one type.
  explicit Matrix(const std::vector<at::Tensor>& parts);
  Matrix(const at::Tensor& weight) : Matrix(std::vector<at::Tensor>{weight}) {}  // NOLINT: a tensor is a matrix

  std::int64_t out() const { return out_; }
  std::int64_t in() const { return in_; }
  at::ScalarType type() const { return type_; }

  /// [out, in]. Throws std::logic_error if packed.
  const at::Tensor& values() const;

  /// Whether multiply_halves may be called: the matrix is packed, and in halves of whole blocks.
  bool has_halves() const;

  /// out = combine(first, second) of the two halves of what multiply would give, [R, out / 2] in the matrix's own type.
  /// The halves' f32 results never leave the core's cache.
  using Combine = void(const float* first, const float* second, float* out, std::int64_t n);
  void multiply_halves(const at::Tensor& x, Combine& combine, const at::Tensor& out) const;

  /// x [R, in] → `result` [R, out] in f32, whose rows are contiguous. x is rounded to the matrix's type; sums are f32.
  void multiply(const at::Tensor& x, at::Tensor& result) const;

 private:
  std::int64_t out_ = 0, in_ = 0;
  at::ScalarType type_ = at::kFloat;
  at::Tensor values_;  // [out, in], or packed: [blocks of 64 rows, in / 2, 64 rows, 2]
};

/// x [R, in] times the transposed weight [out, in] → [R, out] in f32, of a matrix that is used where it lies.
at::Tensor product(const at::Tensor& x, const at::Tensor& weight);

}  // namespace tertium
