#include "tertium/ops/cpu/products.h"

#include <ATen/Parallel.h>
#include <ATen/native/CPUBlas.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <vector>

#include "tertium/ops/cpu/rounded.h"
#include "tertium/ops/cpu/row_kernels.h"

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

/// Calls `with` an object of the C++ type that a type's numbers have.
template <class With>
auto with_number(at::ScalarType type, const With& with) {
  return type == at::kFloat ? with(float()) : type == at::kHalf ? with(at::Half()) : with(at::BFloat16());
}

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
template <class Stored>
struct Block {
  const Stored* factors;
  float* to;
  std::int64_t columns;
};

/// Rows [parts, R, in] that are multiplied as `Number`; what a row gives is the sum of what its parts give.
template <class Number>
struct Rows {
  const Number* first;
  std::int64_t in, parts = 1, part_stride = 0;

  explicit Rows(const Tensor& x)
      : first(static_cast<const Number*>(x.const_data_ptr())),
        in(x.size(-1)),
        parts(x.dim() == 3 ? x.size(0) : 1),
        part_stride(x.stride(0)) {}

  Rows from(std::int64_t row) const {
    Rows rest = *this;
    rest.first += row * in;
    return rest;
  }
};

void widen(const at::BFloat16* pairs, float* out, std::int64_t depth) {
  widen_bf16_pairs(reinterpret_cast<const std::uint16_t*>(pairs), out, depth, kColumns);
}
void widen(const at::Half* pairs, float* out, std::int64_t depth) {
  widen_f16_pairs(reinterpret_cast<const std::uint16_t*>(pairs), out, depth, kColumns);
}

/// A stretch of a block as it is multiplied.
template <class Number, class Stored>
const Number* read_stretch(const Stored* factors, std::int64_t depth) {
  if constexpr (std::is_same_v<Number, Stored>) {
    return factors;
  } else {
    thread_local std::vector<Number> wide(kDepth / sizeof(Number) * kColumns);
    widen(factors, wide.data(), depth);
    return wide.data();
  }
}

/// Rows times some blocks, into rows `stride` apart. Rows and blocks go through a stretch of `in` together, so that
/// what is read again lies in the second-level cache.
template <class Number, class Stored>
void multiply_blocks(const Rows<Number>& x, std::int64_t rows, std::span<const Block<Stored>> blocks,
                     std::int64_t stride) {
  constexpr std::int64_t depth = kDepth / sizeof(Number);
  const std::int64_t whole = rows / kFewRows * kFewRows;
  const auto multiply_stretch = [&](const Rows<Number>& some, std::int64_t count, std::int64_t k, const Number* factors,
                                    std::int64_t columns, float* to, std::int64_t to_stride) {
    for (std::int64_t part = 0; part < some.parts; ++part)
      blas::brgemm(count, columns, std::min(depth, some.in - k), /*ld_a=*/some.in, /*ld_b=*/kColumns,
                   /*ld_c=*/to_stride, /*add_C=*/k > 0 || part > 0, some.first + part * some.part_stride + k, factors,
                   to, /*is_vnni=*/kIsHalf<Number>);
  };
  for (std::int64_t k = 0; k < x.in && whole > 0; k += depth) {
    for (const Block<Stored>& block : blocks) {
      const Number* factors = read_stretch<Number>(block.factors + k * kColumns, std::min(depth, x.in - k));
      for (std::int64_t row = 0, count = 0; row < whole; row += count) {
        const std::int64_t left = whole - row;
        count = left >= kCallRows ? kCallRows : left >= kSomeRows ? kSomeRows : kFewRows;
        multiply_stretch(x.from(row), count, k, factors, block.columns, block.to + row * stride, stride);
      }
    }
  }
  if (whole == rows) return;
  // Too few rows for a call: filled up beside.
  thread_local std::vector<Number> filled;
  filled.assign(x.parts * kFewRows * x.in, Number(0.0f));
  Rows<Number> few = x;
  few.first = filled.data();
  few.part_stride = kFewRows * x.in;
  for (std::int64_t part = 0; part < x.parts; ++part)
    std::memcpy(filled.data() + part * few.part_stride, x.from(whole).first + part * x.part_stride,
                (rows - whole) * x.in * sizeof(Number));
  float sums[kFewRows * kColumns];
  for (const Block<Stored>& block : blocks) {
    // As above, so that a row's sums do not hang on how many rows there are.
    for (std::int64_t k = 0; k < x.in; k += depth)
      multiply_stretch(few, kFewRows, k, read_stretch<Number>(block.factors + k * kColumns, std::min(depth, x.in - k)),
                       block.columns, sums, kColumns);
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

template <class Number, class Stored>
void multiply_packed(const Tensor& x, const Matrix& matrix, Tensor& result) {
  const std::int64_t stride = result.stride(0);
  const Rows<Number> from(x);
  const auto* factors = static_cast<const Stored*>(matrix.packed.const_data_ptr());
  float* to = result.data_ptr<float>();
  const auto work = [&](auto row, auto rows, auto first, auto count) {
    std::vector<Block<Stored>> blocks;
    for (std::int64_t column = first * kColumns; column < (first + count) * kColumns; column += kColumns)
      blocks.push_back(
          {factors + column * from.in, to + row * stride + column, std::min(kColumns, matrix.out - column)});
    multiply_blocks<Number, Stored>(from.from(row), rows, blocks, stride);
  };
  for_each_task<Number>(x.size(-2), matrix.packed.size(0), kBlocksAtOnce, work);
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

template <class Number, class Stored>
void multiply_packed_halves(const Tensor& x, const Matrix& matrix, Combine& combine, const Tensor& result) {
  const std::int64_t half = matrix.packed.size(0) / 2, stride = result.stride(0);
  const Rows<Number> from(x);
  const auto* factors = static_cast<const Stored*>(matrix.packed.const_data_ptr());
  const auto work = [&](auto row, auto rows, auto first, auto count) {
    thread_local std::vector<float> values;  // [blocks of the first half, then of the second][rows, kColumns]
    const std::int64_t of_block = rows * kColumns;
    values.resize(std::max<std::size_t>(values.size(), 2 * count * of_block));
    std::vector<Block<Stored>> blocks;
    for (const std::int64_t begin : {first, half + first})
      for (std::int64_t block = begin; block < begin + count; ++block)
        blocks.push_back({factors + block * kColumns * from.in, values.data() + blocks.size() * of_block, kColumns});
    multiply_blocks<Number, Stored>(from.from(row), rows, blocks, kColumns);
    with_number(matrix.type, [&](auto number) {
      auto* to = static_cast<decltype(number)*>(result.data_ptr()) + row * stride;
      for (std::int64_t b = 0; b < count; ++b) {
        combine(blocks[b].to, blocks[count + b].to, blocks[b].to, of_block);
        round_rows(blocks[b].to, to + (first + b) * kColumns, rows, stride);
      }
    });
  };
  for_each_task<Number>(x.size(-2), half, kBlocksAtOnce / 2, work);
}

/// How many numbers of a row lie together.
std::int64_t together(at::ScalarType type) { return kTogether / static_cast<std::int64_t>(c10::elementSize(type)); }

/// A packed copy of some matrices' rows, one below the other, into `matrix`, whose sizes are known.
void pack(const std::vector<Tensor>& parts, at::ScalarType stored, Matrix& matrix) {
  const std::int64_t blocks = (matrix.out + kColumns - 1) / kColumns, n = together(stored);
  matrix.packed = at::empty({blocks, matrix.in / n, kColumns, n}, at::TensorOptions(stored));
  if (matrix.out % kColumns != 0) matrix.packed[blocks - 1].zero_();
  std::int64_t first = 0;
  for (const Tensor& part : parts) {
    pack_rows(part.to(stored).contiguous(), first, matrix.packed);
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
  pack({weight}, type, matrix);
  Tensor result = at::empty({kFewRows, kColumns}, at::kFloat);
  try {
    multiply_packed<Number, Number>(x.to(type), matrix, result);
  } catch (const std::exception&) {  // LibTorch's or oneDNN's
    return false;
  }
  return at::equal(result, at::matmul(x, weight.t()));
}

/// The three parts of rows in f32: [3, R, in] in bf16, the smallest first.
Tensor parts_of(const Tensor& x) {
  const std::int64_t in = x.size(1);
  const Tensor parts = at::empty({3, x.size(0), in}, at::kBFloat16);
  auto* const low = static_cast<std::uint16_t*>(parts.data_ptr());
  auto *const middle = low + x.numel(), *const high = middle + x.numel();
  const float* from = x.const_data_ptr<float>();
  at::parallel_for(0, x.size(0), kFewRows, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t at = begin * in;
    split_row_to_bf16(from + at, high + at, middle + at, low + at, (end - begin) * in);
  });
  return parts;
}

/// Calls `with(rows, number, stored)`: x as it is multiplied with a packed matrix, an object of the type in which that
/// happens, and one of the type in which the matrix lies.
template <class With>
void with_rows(const Matrix& matrix, const Tensor& x, const With& with) {
  const Tensor rows = x.to(matrix.type).contiguous();
  if (matrix.in_parts) return with(parts_of(rows), at::BFloat16(), at::BFloat16());
  const at::ScalarType stored = matrix.packed.scalar_type();
  if (stored == matrix.type) return with_number(stored, [&](auto number) { with(rows, number, number); });
  return stored == at::kHalf ? with(rows, float(), at::Half()) : with(rows, float(), at::BFloat16());
}

/// What a packed matrix is held in: for f32 in half precision, where all its parts are.
at::ScalarType stored_type(const std::vector<Tensor>& parts, at::ScalarType type) {
  const at::ScalarType first = parts[0].scalar_type();
  const bool is_half = (first == at::kBFloat16 || first == at::kHalf) && parts[0].size(1) % together(first) == 0;
  const auto alike = [&](const Tensor& part) { return part.scalar_type() == first; };
  return type == at::kFloat && is_half && std::all_of(parts.begin(), parts.end(), alike) ? first : type;
}

}  // namespace

bool packs(at::ScalarType type) {
  static const bool f32 = multiplies_packed<float>(at::kFloat), bf16 = multiplies_packed<at::BFloat16>(at::kBFloat16),
                    f16 = multiplies_packed<at::Half>(at::kHalf);
  return type == at::kFloat ? f32 : type == at::kHalf ? f16 : bf16;
}

HalvesInF32 usual_halves_in_f32() {
  return blas::could_pack(at::kBFloat16) ? HalvesInF32::in_parts : HalvesInF32::widened;
}

Matrix packed_if_possible(const std::vector<Tensor>& parts, at::ScalarType type, HalvesInF32 halves) {
  Matrix matrix{.in = parts.at(0).size(1), .type = type};
  for (const Tensor& part : parts) matrix.out += part.size(0);
  if (packs(type) && matrix.in % together(type) == 0) {
    const at::ScalarType stored = stored_type(parts, type);
    pack(parts, stored, matrix);
    matrix.in_parts =
        halves == HalvesInF32::in_parts && type == at::kFloat && stored == at::kBFloat16 && packs(at::kBFloat16);
  } else {
    matrix.plain = (parts.size() == 1 ? parts[0] : at::cat(parts)).to(type);
  }
  return matrix;
}

void multiply(const Matrix& matrix, const Tensor& x, Tensor& result) {
  if (x.size(0) == 0) return;
  if (!matrix.packed.defined()) return multiply_in_place(x, matrix.plain, result);
  with_rows(matrix, x, [&](const Tensor& rows, auto number, auto stored) {
    multiply_packed<decltype(number), decltype(stored)>(rows, matrix, result);
  });
}

bool has_halves(const Matrix& matrix) { return matrix.packed.defined() && matrix.out % (2 * kColumns) == 0; }

void multiply_halves(const Matrix& matrix, const Tensor& x, Combine& combine, const Tensor& out) {
  with_rows(matrix, x, [&](const Tensor& rows, auto number, auto stored) {
    multiply_packed_halves<decltype(number), decltype(stored)>(rows, matrix, combine, out);
  });
}

}  // namespace tertium::cpu
