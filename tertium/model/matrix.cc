#include "tertium/model/matrix.h"

#include <ATen/Parallel.h>
#include <ATen/native/CPUBlas.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <stdexcept>

#include "tertium/model/row_kernels.h"

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

HalfGemm* gemm_of(at::ScalarType type) { return type == at::kBFloat16 ? cblas_gemm_bf16bf16f32 : cblas_gemm_f16f16f32; }

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

/// Rows [first, last) of x as calls take them: 128 or 32 at a time, the rest filled up. `visit(row, count, x, rows)`:
/// `rows` >= count rows at x, of which `count` are those from `row` on.
template <class Half, class Visit>
void for_each_call(const Half* x, std::int64_t first, std::int64_t last, std::int64_t in, const Visit& visit) {
  std::int64_t row = first;
  for (; row + kCallRows <= last; row += kCallRows) visit(row, kCallRows, x + row * in, kCallRows);
  for (; row + kFewRows <= last; row += kFewRows) visit(row, kFewRows, x + row * in, kFewRows);
  if (row == last) return;
  thread_local std::vector<Half> filled;
  filled.assign(kFewRows * in, Half(0.0f));
  std::memcpy(filled.data(), x + row * in, (last - row) * in * sizeof(Half));
  visit(row, last - row, filled.data(), kFewRows);
}

/// Calls `work(first row, last row, block of columns)` for all of them, on all threads.
template <class Work>
void for_each_task(std::int64_t rows, std::int64_t blocks, const Work& work) {
  const std::int64_t row_tasks = (rows + kTaskRows - 1) / kTaskRows;
  at::parallel_for(0, row_tasks * blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t first = task / blocks * kTaskRows;
      work(first, std::min(rows, first + kTaskRows), task % blocks);
    }
    blas::brgemm_release(/*is_vnni=*/true);
  });
}

template <class Half>
void multiply_packed(const Tensor& x, const Tensor& weight, std::int64_t out, Tensor& result) {
  const std::int64_t in = x.size(1), result_row = result.stride(0);
  const auto* from = static_cast<const Half*>(x.const_data_ptr());
  const auto* factors = static_cast<const Half*>(weight.const_data_ptr());
  float* to = result.data_ptr<float>();
  for_each_task(x.size(0), weight.size(0), [&](std::int64_t first, std::int64_t last, std::int64_t block) {
    const std::int64_t column = block * kColumns, columns = std::min(kColumns, out - column);
    for_each_call(from, first, last, in, [&](std::int64_t row, std::int64_t count, const Half* a, std::int64_t rows) {
      float* at = to + row * result_row + column;
      if (count == rows) return call(rows, columns, in, a, factors + column * in, at, result_row);
      float sums[kFewRows * kColumns];
      call(rows, columns, in, a, factors + column * in, sums, kColumns);
      for (std::int64_t r = 0; r < count; ++r)
        std::memcpy(at + r * result_row, sums + r * kColumns, columns * sizeof(float));
    });
  });
}

/// x [rows, kColumns] into rows `stride` apart.
void round_rows(const float* x, at::BFloat16* out, std::int64_t rows, std::int64_t stride) {
  round_rows_to_bf16(x, reinterpret_cast<std::uint16_t*>(out), rows, kColumns, stride);
}
void round_rows(const float* x, at::Half* out, std::int64_t rows, std::int64_t stride) {
  for (std::int64_t row = 0; row < rows; ++row) std::copy_n(x + row * kColumns, kColumns, out + row * stride);
}

template <class Half>
void multiply_packed_halves(const Tensor& x, const Tensor& weight, Matrix::Combine& combine, const Tensor& result) {
  const std::int64_t in = x.size(1), blocks = weight.size(0) / 2, result_row = result.stride(0);
  const auto* from = static_cast<const Half*>(x.const_data_ptr());
  const auto* factors = static_cast<const Half*>(weight.const_data_ptr());
  auto* to = static_cast<Half*>(result.data_ptr());
  for_each_task(x.size(0), blocks, [&](std::int64_t first, std::int64_t last, std::int64_t block) {
    for_each_call(from, first, last, in, [&](std::int64_t row, std::int64_t count, const Half* a, std::int64_t rows) {
      float halves[2][kCallRows * kColumns];
      for (const int half : {0, 1})
        call(rows, kColumns, in, a, factors + (half * blocks + block) * kColumns * in, halves[half], kColumns);
      combine(halves[0], halves[1], halves[0], count * kColumns);
      round_rows(halves[0], to + row * result_row + block * kColumns, count, result_row);
    });
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

const Tensor& Matrix::values() const {
  if (values_.dim() != 2) throw std::logic_error("a packed matrix has no plain values");
  return values_;
}

void Matrix::multiply(const Tensor& x, Tensor& result) const {
  if (x.size(0) == 0) return;
  if (values_.dim() == 2) return multiply_in_place(x, values_, result);
  const Tensor rows = x.to(type_).contiguous();
  type_ == at::kBFloat16 ? multiply_packed<at::BFloat16>(rows, values_, out_, result)
                         : multiply_packed<at::Half>(rows, values_, out_, result);
}

bool Matrix::has_halves() const { return values_.dim() == 4 && out_ % (2 * kColumns) == 0; }

void Matrix::multiply_halves(const Tensor& x, Combine& combine, const Tensor& out) const {
  const Tensor rows = x.to(type_).contiguous();
  type_ == at::kBFloat16 ? multiply_packed_halves<at::BFloat16>(rows, values_, combine, out)
                         : multiply_packed_halves<at::Half>(rows, values_, combine, out);
}

Tensor product(const Tensor& x, const Tensor& weight) {
  Tensor result = at::empty({x.size(0), weight.size(0)}, at::kFloat);
  if (x.size(0) > 0) multiply_in_place(x, weight, result);
  return result;
}

}  // namespace tertium
