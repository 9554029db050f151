#include "tertium/ops/cpu/products.h"

#include <ATen/Parallel.h>
#include <ATen/native/CPUBlas.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <span>
#include <stdexcept>
#include <vector>

#include "tertium/ops/cpu/rounded.h"

// LibTorch's x86 builds carry MKL, whose half-precision products keep f32 sums; at::linear rounds them to the inputs'
// type. Declared weak: other builds lack them.
extern "C" {
using HalfGemm = void(int layout, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const void* a,
                      int row_a, const void* b, int row_b, float beta, float* c, int row_c);
__attribute__((weak)) HalfGemm cblas_gemm_bf16bf16f32;
__attribute__((weak)) HalfGemm cblas_gemm_f16f16f32;
}

namespace tertium::cpu {
namespace {

using at::Tensor;
namespace blas = at::native::cpublas;

constexpr int kRowMajor = 101, kNotTransposed = 111, kTransposed = 112;  // of CBLAS

// Of the packed order: columns of the result that one call computes, rows that one call and one task take, blocks of
// columns that a task takes, and how deep it goes into both at a time, in bytes: together they fit the second-level
// cache. Calls see three numbers of rows only, since oneDNN compiles each anew.
constexpr std::int64_t kColumns = 64, kTaskRows = 256, kCallRows = 128, kSomeRows = 32, kFewRows = 16,
                       kBlocksAtOnce = 8, kDepth = 2048;

// What one instruction multiplies of a row stays together.
constexpr std::int64_t kTogether = 4;  // bytes: one number in f32, two neighbours in half precision

template <class Number>
constexpr bool kIsHalf = sizeof(Number) == 2;

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

/// Row `first` and the following of a packed matrix, from `rows` [n, in].
void pack_rows(const Tensor& rows, std::int64_t first, Tensor& packed) {
  const std::int64_t units = packed.size(1);
  // Copied and not read as words: rows in a file are aligned for one number, not for two.
  const auto* from = static_cast<const std::byte*>(rows.const_data_ptr());
  auto* to = static_cast<std::byte*>(packed.data_ptr());
  constexpr std::int64_t kTile = 16;  // rows and units at a time, so that both sides stay in the cache
  at::parallel_for(0, (rows.size(0) + kTile - 1) / kTile, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t tile = begin; tile < end; ++tile) {
      const std::int64_t last = std::min(rows.size(0), (tile + 1) * kTile);
      for (std::int64_t u0 = 0; u0 < units; u0 += kTile) {
        for (std::int64_t row = tile * kTile; row < last; ++row) {
          const std::int64_t block = (first + row) / kColumns, column = (first + row) % kColumns;
          for (std::int64_t u = u0; u < std::min(units, u0 + kTile); ++u)
            std::memcpy(to + ((block * units + u) * kColumns + column) * kTogether,
                        from + (row * units + u) * kTogether, kTogether);
        }
      }
    }
  });
}

/// One block of a packed weight, and where its columns of the result begin.
template <class Number>
struct Block {
  const Number* factors;
  float* to;
  std::int64_t columns;
};

/// x [rows, in] times some blocks, into rows `stride` apart. Rows and blocks go through a stretch of `in` together, so
/// that what is read again lies in the second-level cache.
template <class Number>
void multiply_blocks(const Number* x, std::int64_t rows, std::int64_t in, std::span<const Block<Number>> blocks,
                     std::int64_t stride) {
  constexpr std::int64_t depth = kDepth / sizeof(Number);
  constexpr bool pairs = kIsHalf<Number>;
  const std::int64_t whole = rows / kFewRows * kFewRows;
  for (std::int64_t k = 0; k < in && whole > 0; k += depth) {
    for (const Block<Number>& block : blocks) {
      for (std::int64_t row = 0, count = 0; row < whole; row += count) {
        const std::int64_t left = whole - row;
        count = left >= kCallRows ? kCallRows : left >= kSomeRows ? kSomeRows : kFewRows;
        blas::brgemm(count, block.columns, std::min(depth, in - k), /*ld_a=*/in, /*ld_b=*/kColumns, /*ld_c=*/stride,
                     /*add_C=*/k > 0, x + row * in + k, block.factors + k * kColumns, block.to + row * stride, pairs);
      }
    }
  }
  if (whole == rows) return;
  // Too few rows for a call: filled up beside.
  thread_local std::vector<Number> filled;
  filled.assign(kFewRows * in, Number(0.0f));
  std::memcpy(filled.data(), x + whole * in, (rows - whole) * in * sizeof(Number));
  float sums[kFewRows * kColumns];
  for (const Block<Number>& block : blocks) {
    for (std::int64_t k = 0; k < in;
         k += depth)  // as above, so that a row's sums do not hang on how many rows there are
      blas::brgemm(kFewRows, block.columns, std::min(depth, in - k), in, kColumns, kColumns, /*add_C=*/k > 0,
                   filled.data() + k, block.factors + k * kColumns, sums, pairs);
    for (std::int64_t row = whole; row < rows; ++row)
      std::memcpy(block.to + row * stride, sums + (row - whole) * kColumns, block.columns * sizeof(float));
  }
}

/// Calls `work(first row, rows, first block, blocks)` for all of them, on all threads.
template <class Number, class Work>
void for_each_task(std::int64_t rows, std::int64_t blocks, std::int64_t blocks_at_once, const Work& work) {
  const std::int64_t row_tasks = (rows + kTaskRows - 1) / kTaskRows,
                     block_tasks = (blocks + blocks_at_once - 1) / blocks_at_once;
  at::parallel_for(0, row_tasks * block_tasks, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t row = task / block_tasks * kTaskRows, block = task % block_tasks * blocks_at_once;
      work(row, std::min(kTaskRows, rows - row), block, std::min(blocks_at_once, blocks - block));
    }
    blas::brgemm_release(/*is_vnni=*/kIsHalf<Number>);
  });
}

template <class Number>
void multiply_packed(const Tensor& x, const Tensor& weight, std::int64_t out, Tensor& result) {
  const std::int64_t in = x.size(1), stride = result.stride(0);
  const auto* from = static_cast<const Number*>(x.const_data_ptr());
  const auto* factors = static_cast<const Number*>(weight.const_data_ptr());
  float* to = result.data_ptr<float>();
  for_each_task<Number>(x.size(0), weight.size(0), kBlocksAtOnce, [&](auto row, auto rows, auto first, auto count) {
    std::vector<Block<Number>> blocks;
    for (std::int64_t column = first * kColumns; column < (first + count) * kColumns; column += kColumns)
      blocks.push_back({factors + column * in, to + row * stride + column, std::min(kColumns, out - column)});
    multiply_blocks<Number>(from + row * in, rows, in, blocks, stride);
  });
}

/// x [rows, kColumns] into rows `stride` apart.
void round_rows(const float* x, at::BFloat16* out, std::int64_t rows, std::int64_t stride) {
  round_rows_to_bf16(x, reinterpret_cast<std::uint16_t*>(out), rows, kColumns, stride);
}
void round_rows(const float* x, at::Half* out, std::int64_t rows, std::int64_t stride) {
  for (std::int64_t row = 0; row < rows; ++row) round_row(x + row * kColumns, out + row * stride, kColumns);
}

void round_rows(const float* x, float* out, std::int64_t rows, std::int64_t stride) {
  for (std::int64_t row = 0; row < rows; ++row) std::copy_n(x + row * kColumns, kColumns, out + row * stride);
}

template <class Number>
void multiply_packed_halves(const Tensor& x, const Tensor& weight, Combine& combine, const Tensor& result) {
  const std::int64_t in = x.size(1), half = weight.size(0) / 2, stride = result.stride(0);
  const auto* from = static_cast<const Number*>(x.const_data_ptr());
  const auto* factors = static_cast<const Number*>(weight.const_data_ptr());
  auto* to = static_cast<Number*>(result.data_ptr());
  for_each_task<Number>(x.size(0), half, kBlocksAtOnce / 2, [&](auto row, auto rows, auto first, auto count) {
    thread_local std::vector<float> values;  // [blocks of the first half, then of the second][rows, kColumns]
    const std::int64_t of_block = rows * kColumns;
    values.resize(std::max<std::size_t>(values.size(), 2 * count * of_block));
    std::vector<Block<Number>> blocks;
    for (const std::int64_t begin : {first, half + first})
      for (std::int64_t block = begin; block < begin + count; ++block)
        blocks.push_back({factors + block * kColumns * in, values.data() + blocks.size() * of_block, kColumns});
    multiply_blocks<Number>(from + row * in, rows, in, blocks, kColumns);
    for (std::int64_t b = 0; b < count; ++b) {
      combine(blocks[b].to, blocks[count + b].to, blocks[b].to, of_block);
      round_rows(blocks[b].to, to + row * stride + (first + b) * kColumns, rows, stride);
    }
  });
}

/// How many numbers of a row lie together.
std::int64_t together(at::ScalarType type) { return kTogether / static_cast<std::int64_t>(c10::elementSize(type)); }

/// A packed copy of some matrices' rows, one below the other, into `matrix`, whose sizes and type are known.
void pack(const std::vector<Tensor>& parts, Matrix& matrix) {
  const std::int64_t blocks = (matrix.out + kColumns - 1) / kColumns, n = together(matrix.type);
  matrix.packed = at::empty({blocks, matrix.in / n, kColumns, n}, at::TensorOptions(matrix.type));
  if (matrix.out % kColumns != 0) matrix.packed[blocks - 1].zero_();
  std::int64_t first = 0;
  for (const Tensor& part : parts) {
    pack_rows(part.contiguous(), first, matrix.packed);
    first += part.size(0);
  }
}

/// Whether brgemm takes the packed order of this type here. It throws where it does not, and what LibTorch says
/// beforehand (could_pack) is of AMX alone: AVX-512 BF16 and f32 do as well. So it is tried, on numbers whose sums are
/// exact.
template <class Number>
bool multiplies_packed(at::ScalarType type) {
  constexpr std::int64_t kIn = 64;
  const Tensor numbers = at::arange(kIn * kColumns, at::kFloat).remainder(7).sub(3);
  const Tensor weight = numbers.view({kColumns, kIn}), x = numbers.narrow(0, 0, kFewRows * kIn).view({kFewRows, kIn});
  Matrix matrix{.out = kColumns, .in = kIn, .type = type};
  pack({weight.to(type)}, matrix);
  Tensor result = at::empty({kFewRows, kColumns}, at::kFloat);
  try {
    multiply_packed<Number>(x.to(type), matrix.packed, kColumns, result);
  } catch (const std::exception&) {  // LibTorch's or oneDNN's
    return false;
  }
  return at::equal(result, at::matmul(x, weight.t()));
}

/// Calls `with` an object of the C++ type that a type's numbers have.
template <class With>
auto with_number(at::ScalarType type, const With& with) {
  return type == at::kFloat ? with(float()) : type == at::kHalf ? with(at::Half()) : with(at::BFloat16());
}

}  // namespace

bool packs(at::ScalarType type) {
  static const bool f32 = multiplies_packed<float>(at::kFloat), bf16 = multiplies_packed<at::BFloat16>(at::kBFloat16),
                    f16 = multiplies_packed<at::Half>(at::kHalf);
  return type == at::kFloat ? f32 : type == at::kHalf ? f16 : bf16;
}

Matrix packed_if_possible(const std::vector<Tensor>& parts) {
  Matrix matrix{.in = parts.at(0).size(1), .type = parts[0].scalar_type()};
  for (const Tensor& part : parts) matrix.out += part.size(0);
  if (packs(matrix.type) && matrix.in % together(matrix.type) == 0)
    pack(parts, matrix);
  else
    matrix.plain = parts.size() == 1 ? parts[0] : at::cat(parts);
  return matrix;
}

void multiply(const Matrix& matrix, const Tensor& x, Tensor& result) {
  if (x.size(0) == 0) return;
  if (!matrix.packed.defined()) return multiply_in_place(x, matrix.plain, result);
  const Tensor rows = x.to(matrix.type).contiguous();
  with_number(matrix.type,
              [&](auto number) { multiply_packed<decltype(number)>(rows, matrix.packed, matrix.out, result); });
}

bool has_halves(const Matrix& matrix) { return matrix.packed.defined() && matrix.out % (2 * kColumns) == 0; }

void multiply_halves(const Matrix& matrix, const Tensor& x, Combine& combine, const Tensor& out) {
  const Tensor rows = x.to(matrix.type).contiguous();
  with_number(matrix.type,
              [&](auto number) { multiply_packed_halves<decltype(number)>(rows, matrix.packed, combine, out); });
}

}  // namespace tertium::cpu
