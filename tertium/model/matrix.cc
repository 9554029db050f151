#include "tertium/model/matrix.h"

#include <ATen/Parallel.h>
#include <ATen/native/CPUBlas.h>

#include <algorithm>
#include <cstring>
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
namespace blas = at::native::cpublas;

constexpr int kRowMajor = 101, kNotTransposed = 111, kTransposed = 112;  // of CBLAS

// Of the packed order: columns of the result that one call computes, rows that one call and one task take. A task's
// rows and a block of the weight fit the second-level cache together. Calls see two numbers of rows only, since
// oneDNN compiles each anew.
constexpr std::int64_t kColumns = 64, kTaskRows = 256, kCallRows = 128, kFewRows = 32;

HalfGemm* gemm_of(at::ScalarType type) {
  return type == at::kBFloat16 ? cblas_gemm_bf16bf16f32 : cblas_gemm_f16f16f32;
}

bool fits_int(const Tensor& x) { return x.numel() <= std::numeric_limits<int>::max(); }

void multiply_in_place(const Tensor& x, const Tensor& weight, Tensor& result) {
  const at::ScalarType type = weight.scalar_type();
  HalfGemm* const gemm = type == at::kFloat ? nullptr : gemm_of(type);
  if (type == at::kFloat) {
    at::mm_out(result, x, weight.t());
  } else if (gemm && fits_int(x) && fits_int(weight)) {
    const Tensor rows = x.to(type).contiguous();
    const auto m = static_cast<int>(rows.size(0)), n = static_cast<int>(weight.size(0)),
               k = static_cast<int>(rows.size(1));
    gemm(kRowMajor, kNotTransposed, kTransposed, m, n, k, 1.0f, rows.const_data_ptr(), k, weight.const_data_ptr(),
         static_cast<int>(weight.stride(0)), 0.0f, result.data_ptr<float>(), static_cast<int>(result.stride(0)));
  } else {
    result.copy_(at::linear(x.to(type), weight));
  }
}

/// Row `first` and the following of a packed matrix, from `rows` [n, in]. Two neighbours of a row stay together: they
/// are what one instruction multiplies.
void pack_rows(const Tensor& rows, std::int64_t first, Tensor& packed) {
  const std::int64_t pairs = rows.size(1) / 2;
  const auto* from = static_cast<const std::uint32_t*>(rows.const_data_ptr());
  auto* to = static_cast<std::uint32_t*>(packed.data_ptr());
  constexpr std::int64_t kTile = 16;  // rows and pairs at a time, so that both sides stay in the cache
  at::parallel_for(0, (rows.size(0) + kTile - 1) / kTile, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t tile = begin; tile < end; ++tile) {
      const std::int64_t last = std::min(rows.size(0), (tile + 1) * kTile);
      for (std::int64_t p0 = 0; p0 < pairs; p0 += kTile) {
        for (std::int64_t row = tile * kTile; row < last; ++row) {
          const std::int64_t block = (first + row) / kColumns, column = (first + row) % kColumns;
          for (std::int64_t p = p0; p < std::min(pairs, p0 + kTile); ++p)
            to[(block * pairs + p) * kColumns + column] = from[row * pairs + p];
        }
      }
    }
  });
}

template <class Half>
void call(std::int64_t rows, std::int64_t columns, std::int64_t in, const Half* x, const Half* weight, float* result,
          std::int64_t result_row) {
  blas::brgemm(rows, columns, in, /*ld_a=*/in, /*ld_b=*/kColumns, /*ld_c=*/result_row, /*add_C=*/false, x, weight,
               result, /*is_vnni=*/true);
}

/// Rows [first, last) of x times one block of columns.
template <class Half>
void multiply_block(const Half* x, std::int64_t first, std::int64_t last, std::int64_t in, const Half* weight,
                    std::int64_t columns, float* result, std::int64_t result_row) {
  std::int64_t row = first;
  for (; row + kCallRows <= last; row += kCallRows)
    call(kCallRows, columns, in, x + row * in, weight, result + row * result_row, result_row);
  for (; row + kFewRows <= last; row += kFewRows)
    call(kFewRows, columns, in, x + row * in, weight, result + row * result_row, result_row);
  if (row == last) return;
  // Too few rows for a call: filled up beside.
  thread_local std::vector<Half> filled;
  thread_local std::vector<float> sums;
  filled.assign(kFewRows * in, Half(0.0f));
  sums.resize(kFewRows * kColumns);
  std::memcpy(filled.data(), x + row * in, (last - row) * in * sizeof(Half));
  call(kFewRows, columns, in, filled.data(), weight, sums.data(), kColumns);
  for (std::int64_t r = row; r < last; ++r)
    std::memcpy(result + r * result_row, sums.data() + (r - row) * kColumns, columns * sizeof(float));
}

template <class Half>
void multiply_packed_as(const Tensor& x, const Tensor& weight, std::int64_t out, Tensor& result) {
  const std::int64_t rows = x.size(0), in = x.size(1), blocks = weight.size(0);
  const std::int64_t row_tasks = (rows + kTaskRows - 1) / kTaskRows, result_row = result.stride(0);
  const auto* from = static_cast<const Half*>(x.const_data_ptr());
  const auto* factors = static_cast<const Half*>(weight.const_data_ptr());
  float* to = result.data_ptr<float>();
  at::parallel_for(0, row_tasks * blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t first = task / blocks * kTaskRows, block = task % blocks;
      multiply_block(from, first, std::min(rows, first + kTaskRows), in, factors + block * kColumns * in,
                     std::min(kColumns, out - block * kColumns), to + block * kColumns, result_row);
    }
    blas::brgemm_release(/*is_vnni=*/true);
  });
}

}  // namespace

bool is_packed(at::ScalarType type) { return type != at::kFloat && blas::could_pack(type); }

Matrix::Matrix(const std::vector<Tensor>& parts) : in_(parts.at(0).size(1)), type_(parts[0].scalar_type()) {
  for (const Tensor& part : parts) out_ += part.size(0);
  if (!is_packed(type_) || in_ % 2 != 0) {
    values_ = parts.size() == 1 ? parts[0] : at::cat(parts);
    return;
  }
  const std::int64_t blocks = (out_ + kColumns - 1) / kColumns;
  values_ = at::empty({blocks, in_ / 2, kColumns, 2}, at::TensorOptions(type_));
  if (out_ % kColumns != 0) values_[blocks - 1].zero_();
  std::int64_t first = 0;
  for (const Tensor& part : parts) {
    pack_rows(part.contiguous(), first, values_);
    first += part.size(0);
  }
}

void Matrix::multiply(const Tensor& x, Tensor& result) const {
  if (x.size(0) == 0) return;
  if (values_.dim() == 2) return multiply_in_place(x, values_, result);
  const Tensor rows = x.to(type_).contiguous();
  if (type_ == at::kBFloat16)
    multiply_packed_as<at::BFloat16>(rows, values_, out_, result);
  else
    multiply_packed_as<at::Half>(rows, values_, out_, result);
}

Tensor product(const Tensor& x, const Tensor& weight) {
  Tensor result = at::empty({x.size(0), weight.size(0)}, at::kFloat);
  if (x.size(0) > 0) multiply_in_place(x, weight, result);
  return result;
}

}  // namespace tertium
