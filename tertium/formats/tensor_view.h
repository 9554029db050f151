#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tertium {

/// How the numbers of a stored tensor are encoded. The plain types are safetensors'; F8_E4M3 is the variant without
/// infinities. The block types (Q8_0 …) are GGUF's.
enum class DType {
  F32,
  F64,
  F16,
  BF16,
  F8_E4M3,
  F8_E5M2,
  I64,
  I32,
  U8,
  BOOL,
  Q8_0,
  Q4_0,
  Q4_1,
  Q5_0,
  Q5_1,
  Q2_K,
  Q3_K,
  Q4_K,
  Q5_K,
  Q6_K,
  IQ4_NL,
  IQ4_XS,
};

/// One encoded unit: `block` values take `bytes` bytes (1 value for the plain types).
struct DTypeLayout {
  std::string_view name;
  std::size_t block;
  std::size_t bytes;
  std::optional<std::uint32_t> gguf_id;  // none: GGUF has no such type

  bool is_plain() const { return block == 1; }
};
const DTypeLayout& layout(DType dtype);

bool holds_floats(DType dtype);  // what to_f32 reads: floating-point and block types
inline bool is_f8(DType dtype) { return dtype == DType::F8_E4M3 || dtype == DType::F8_E5M2; }

/// Every DType for which `wanted(layout)` holds, in the order of the enum.
std::vector<DType> dtypes_with(bool (*wanted)(const DTypeLayout& layout));
/// Their names, for messages: "F32, F16, BF16".
std::string dtype_names(const std::vector<DType>& dtypes);

/// The bytes that a tensor takes in its file. Nothing if a size is negative, the last dimension is no whole number of
/// blocks, or the number of values or bytes overflows.
std::optional<std::size_t> stored_bytes(DType dtype, std::span<const std::int64_t> shape);

/// A named tensor inside a mapped file. Row-major, the last dimension contiguous (GGUF's dimensions are reversed on
/// reading). Valid as long as the file it came from is mapped. The reader has checked that `bytes` fits shape and
/// dtype; they need not be aligned for their type.
struct TensorView {
  std::string name;
  DType dtype = DType::F32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;

  std::size_t count() const {
    std::size_t n = 1;
    for (const std::int64_t size : shape) n *= static_cast<std::size_t>(size);
    return n;
  }
};

/// The values of `tensor` as f32, written to `values` (as many as the tensor has). Every floating-point and every block
/// type, exactly, but for F64, which is rounded; large tensors on all hardware threads. Throws Error for integer types.
void to_f32(const TensorView& tensor, std::span<float> values);

/// The same for a run of whole blocks (a few rows, say) on the calling thread. `dtype` must be one that to_f32 reads.
void dequantize_blocks(DType dtype, std::span<const std::byte> blocks, std::span<float> values);

}  // namespace tertium
