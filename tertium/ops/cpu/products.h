#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "tertium/ops/matrix.h"

namespace tertium::cpu {

/// Whether matrices of this type are packed: this CPU multiplies them, and fastest in an order of its own.
bool packs(at::ScalarType type);

/// The rows of several matrices, one below the other: a packed copy, or the tensors' own numbers where this CPU has no
/// half-precision units and in f32. Packed: [blocks of 64 rows, in / 2, 64 rows, 2].
Matrix packed_if_possible(const std::vector<at::Tensor>& parts);

/// x [R, in] → `result` [R, out] in f32, whose rows are contiguous. x is rounded to the matrix's type; sums are f32.
void multiply(const Matrix& matrix, const at::Tensor& x, at::Tensor& result);

/// Whether multiply_halves may be called: the matrix is packed, and in halves of whole blocks.
bool has_halves(const Matrix& matrix);

/// out = combine(first, second) of the two halves of what multiply would give, [R, out / 2] in the matrix's own type.
/// The halves' f32 results never leave the core's cache.
using Combine = void(const float* first, const float* second, float* out, std::int64_t n);
void multiply_halves(const Matrix& matrix, const at::Tensor& x, Combine& combine, const at::Tensor& out);

/// x [R, in] times the transposed weight [out, in] → [R, out] in f32, of a matrix that is used where it lies.
at::Tensor product(const at::Tensor& x, const at::Tensor& weight);

}  // namespace tertium::cpu
