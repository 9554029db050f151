#include "tertium/model/product.h"

#include <limits>


// LibTorch's x86 builds carry MKL, whose half-precision products keep f32 sums; at::linear rounds them to the inputs'
// type. Declared weak: other builds lack them.
extern "C" {
using HalfGemm = void(int layout, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const void* a,
                      int row_a, const void* b, int row_b, float beta, float* c, int row_c);
__attribute__((weak)) HalfGemm cblas_gemm_bf16bf16f32;
__attribute__((weak)) HalfGemm cblas_gemm_f16f16f32;
}

namespace tertium {
namespace {

using at::Tensor;

constexpr int kRowMajor = 101, kNotTransposed = 111, kTransposed = 112;  // of CBLAS

HalfGemm* gemm_of(at::ScalarType type) {
  return type == at::kBFloat16 ? cblas_gemm_bf16bf16f32 : cblas_gemm_f16f16f32;
}

bool fits_int(const Tensor& x) { return x.numel() <= std::numeric_limits<int>::max(); }

}  // namespace

void product_into(Tensor& out, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const at::ScalarType type = weight.scalar_type();
  HalfGemm* const gemm = type == at::kFloat ? nullptr : gemm_of(type);
  if (type == at::kFloat) {
    at::mm_out(out, x, weight.t());
  } else if (gemm && fits_int(x) && fits_int(weight) && x.size(0) > 0) {
    const Tensor rows = x.to(type).contiguous();
    const auto m = static_cast<int>(rows.size(0)), n = static_cast<int>(weight.size(0)),
               k = static_cast<int>(rows.size(1));
    gemm(kRowMajor, kNotTransposed, kTransposed, m, n, k, 1.0f, rows.const_data_ptr(), k, weight.const_data_ptr(),
         static_cast<int>(weight.stride(0)), 0.0f, out.data_ptr<float>(), static_cast<int>(out.stride(0)));
  } else {
    out.copy_(at::linear(x.to(type), weight));
  }
  if (bias.defined()) out.add_(bias);
}

Tensor product(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  Tensor out = at::empty({x.size(0), weight.size(0)}, at::kFloat);
  product_into(out, x, weight, bias);
  return out;
}

}  // namespace tertium
