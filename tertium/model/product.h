#pragma once

#include <ATen/ATen.h>

namespace tertium {

/// x [R, in] times the transposed weight [out, in], plus bias [out] if there is one → [R, out] in f32. x is rounded to
/// the weight's type; products of half-precision numbers are summed, and given back, in f32.
at::Tensor product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias = {});
/// The same into `out` [R, out] in f32, whose rows are contiguous.
void product_into(at::Tensor& out, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias = {});

}  // namespace tertium
