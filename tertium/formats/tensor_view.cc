#include "tertium/formats/tensor_view.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <limits>
#include <system_error>
#include <thread>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/formats/gguf_blocks.h"
#include "tertium/formats/half.h"

static_assert(std::endian::native == std::endian::little, "the files are little-endian and are read in place");

namespace tertium {
namespace {

using Decode = void (*)(const std::uint8_t* encoded, std::size_t blocks, float* values);

void decode_f32(const std::uint8_t* encoded, std::size_t count, float* values) {
  std::memcpy(values, encoded, count * sizeof(float));
}

void decode_f64(const std::uint8_t* __restrict encoded, std::size_t count, float* __restrict values) {
  for (std::size_t i = 0; i < count; ++i) {
    double value;
    std::memcpy(&value, encoded + i * sizeof value, sizeof value);
    values[i] = static_cast<float>(value);
  }
}

template <auto convert, class Bits = std::uint16_t>
void decode_each(const std::uint8_t* __restrict encoded, std::size_t count, float* __restrict values) {
  for (std::size_t i = 0; i < count; ++i) {
    Bits bits;
    std::memcpy(&bits, encoded + i * sizeof bits, sizeof bits);
    values[i] = convert(bits);
  }
}

struct DTypeEntry {
  DType dtype;
  DTypeLayout layout;
  Decode decode;  // null: not a floating-point type
};

constexpr std::nullopt_t none = std::nullopt;

/// Everything that is known of a type; what the readers accept and what errors list follows from it.
constexpr DTypeEntry dtypes[] = {
    {DType::F32, {"F32", 1, 4, 0}, decode_f32},
    {DType::F64, {"F64", 1, 8, 28}, decode_f64},
    {DType::F16, {"F16", 1, 2, 1}, decode_each<half_to_float>},
    {DType::BF16, {"BF16", 1, 2, 30}, decode_each<bfloat16_to_float>},
    {DType::F8_E4M3, {"F8_E4M3", 1, 1, none}, decode_each<f8_e4m3_to_float, std::uint8_t>},
    {DType::F8_E5M2, {"F8_E5M2", 1, 1, none}, decode_each<f8_e5m2_to_float, std::uint8_t>},
    {DType::I64, {"I64", 1, 8, 27}, nullptr},
    {DType::I32, {"I32", 1, 4, 26}, nullptr},
    {DType::U8, {"U8", 1, 1, none}, nullptr},
    {DType::BOOL, {"BOOL", 1, 1, none}, nullptr},
    {DType::Q8_0, {"Q8_0", 32, 34, 8}, decode_q8_0},
    {DType::Q4_0, {"Q4_0", 32, 18, 2}, decode_q4_0},
    {DType::Q4_1, {"Q4_1", 32, 20, 3}, decode_q4_1},
    {DType::Q5_0, {"Q5_0", 32, 22, 6}, decode_q5_0},
    {DType::Q5_1, {"Q5_1", 32, 24, 7}, decode_q5_1},
    {DType::Q2_K, {"Q2_K", 256, 84, 10}, decode_q2_k},
    {DType::Q3_K, {"Q3_K", 256, 110, 11}, decode_q3_k},
    {DType::Q4_K, {"Q4_K", 256, 144, 12}, decode_q4_k},
    {DType::Q5_K, {"Q5_K", 256, 176, 13}, decode_q5_k},
    {DType::Q6_K, {"Q6_K", 256, 210, 14}, decode_q6_k},
    {DType::IQ4_NL, {"IQ4_NL", 32, 18, 20}, decode_iq4_nl},
    {DType::IQ4_XS, {"IQ4_XS", 256, 136, 23}, decode_iq4_xs},
};

const DTypeEntry& entry(DType dtype) {
  const DTypeEntry& found = dtypes[static_cast<std::size_t>(dtype)];
  assert(found.dtype == dtype);
  return found;
}

/// Below this, starting threads costs more than it saves.
constexpr std::size_t values_per_thread = 1 << 19;

std::size_t threads_for(std::size_t count) {
  const std::size_t hardware = std::max(1u, std::thread::hardware_concurrency());
  return std::clamp<std::size_t>(count / values_per_thread, 1, hardware);
}

/// As many blocks for each thread, give or take one.
void decode_on_threads(const DTypeEntry& type, const std::uint8_t* encoded, std::size_t blocks, float* values) {
  const std::size_t threads = threads_for(blocks * type.layout.block);
  const auto decode_part = [&](std::size_t part) {
    const std::size_t begin = blocks * part / threads;
    const std::size_t end = blocks * (part + 1) / threads;
    type.decode(encoded + begin * type.layout.bytes, end - begin, values + begin * type.layout.block);
  };
  std::vector<std::jthread> workers;  // joined when they leave scope
  std::size_t part = 1;
  try {
    for (; part < threads; ++part) workers.emplace_back(decode_part, part);
  } catch (const std::system_error&) {  // where processes or memory are limited
  }
  for (; part < threads; ++part) decode_part(part);
  decode_part(0);
}

}  // namespace

const DTypeLayout& layout(DType dtype) { return entry(dtype).layout; }

bool holds_floats(DType dtype) { return entry(dtype).decode != nullptr; }

std::vector<DType> dtypes_with(bool (*wanted)(const DTypeLayout& layout)) {
  std::vector<DType> found;
  for (const DTypeEntry& type : dtypes)
    if (wanted(type.layout)) found.push_back(type.dtype);
  return found;
}

std::string dtype_names(const std::vector<DType>& dtypes) {
  std::vector<std::string> names;
  for (const DType dtype : dtypes) names.emplace_back(layout(dtype).name);
  return join(names);
}

std::optional<std::size_t> stored_bytes(DType dtype, std::span<const std::int64_t> shape) {
  const DTypeLayout& unit = layout(dtype);
  constexpr auto most = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
  std::size_t count = 1;
  for (const std::int64_t size : shape) {
    if (size < 0) return {};
    if (size > 0 && count > most / static_cast<std::size_t>(size)) return {};
    count *= static_cast<std::size_t>(size);
  }
  const std::size_t row = shape.empty() ? 1 : static_cast<std::size_t>(shape.back());
  if (row % unit.block != 0) return {};
  if (count / unit.block > most / unit.bytes) return {};
  return count / unit.block * unit.bytes;
}

void to_f32(const TensorView& tensor, std::span<float> values) {
  const DTypeEntry& type = entry(tensor.dtype);
  if (!type.decode)
    fail("tensor \"{}\" is stored as {}, not as floating-point numbers; convert it first", printable(tensor.name),
         type.layout.name);
  assert(values.size() == tensor.count());
  assert(tensor.bytes.size() == stored_bytes(tensor.dtype, tensor.shape));
  if (values.empty()) return;
  decode_on_threads(type, reinterpret_cast<const std::uint8_t*>(tensor.bytes.data()), values.size() / type.layout.block,
                    values.data());
}

void dequantize_blocks(DType dtype, std::span<const std::byte> blocks, std::span<float> values) {
  const DTypeEntry& type = entry(dtype);
  assert(type.decode);
  const std::size_t count = values.size() / type.layout.block;
  assert(values.size() % type.layout.block == 0 && blocks.size() == count * type.layout.bytes);
  type.decode(reinterpret_cast<const std::uint8_t*>(blocks.data()), count, values.data());
}

}  // namespace tertium
