#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "tertium/ops/matrix.h"

namespace tertium::cpu {

/// Whether matrices of this type are packed: LibTorch's brgemm multiplies them on this CPU, which takes them in an
/// order of its own.
bool packs(at::ScalarType type);

/// How f32 is multiplied with a matrix whose numbers bf16 has. `widened`: as f32, into which a piece of the matrix is
/// widened that stays in a core's cache. `in_parts`: as bf16, the rows in three parts whose sum they are to the bit, so
/// that products are exact and sums f32: three products where one is many times faster.
enum class HalvesInF32 { widened, in_parts };
/// What suits this CPU: AMX multiplies bf16 some 16 times as fast as other units f32.
HalvesInF32 usual_halves_in_f32();

/// The rows of several matrices, one below the other, for products in `type`: a packed copy, or the tensors' own
/// numbers where this CPU does not multiply them packed. Packed: [blocks of 64 rows, in / 2, 64 rows, 2] in half
/// precision, be it for products in f32; else [blocks of 64 rows, in, 64 rows, 1].
Matrix packed_if_possible(const std::vector<at::Tensor>& parts, at::ScalarType type,
                          HalvesInF32 halves = usual_halves_in_f32());

/// x [R, in] → `result` [R, out] in f32, whose rows are contiguous. x is rounded to the matrix's type; sums are f32.
void multiply(const Matrix& matrix, const at::Tensor& x, at::Tensor& result);

/// Whether multiply_halves may be called: the matrix is packed, and in halves of whole blocks.
bool has_halves(const Matrix& matrix);

/// out = combine(first, second) of the two halves of what multiply would give, [R, out / 2] in the matrix's type.
/// The halves' f32 results never leave the core's cache.
using Combine = void(const float* first, const float* second, float* out, std::int64_t n);
void multiply_halves(const Matrix& matrix, const at::Tensor& x, Combine& combine, const at::Tensor& out);

}  // namespace tertium::cpu
