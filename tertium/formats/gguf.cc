#include "tertium/formats/gguf.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <limits>
#include <utility>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/formats/byte_reader.h"
#include "tertium/formats/gguf_split.h"
#include "tertium/formats/tensor_checks.h"

// The layout is that of the GGUF specification in the ggml project: magic, version, two counts, metadata, tensor
// descriptions, padding, tensor data.

namespace tertium {
namespace {

using Path = std::filesystem::path;

constexpr std::string_view magic = "GGUF";
constexpr std::string_view alignment_key = "general.alignment";
constexpr std::int64_t default_alignment = 32;
constexpr std::int64_t max_alignment = 1 << 30;  // far above any real one; sums with it cannot overflow
constexpr std::uint32_t max_dimensions = 4;
constexpr std::size_t length_bytes = sizeof(std::uint64_t);
constexpr std::size_t min_pair_bytes = length_bytes + sizeof(std::uint32_t) + 1;        // key, type, value
constexpr std::size_t min_tensor_bytes = 2 * length_bytes + 2 * sizeof(std::uint32_t);  // name, rank, type, offset

// ---- Metadata

/// The type ids of metadata values.
enum class ValueType : std::uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, String, Array, U64, I64, F64 };

std::string checked_text(ByteReader& in) {
  const std::string_view text = in.text();
  if (!is_utf8(text)) in.refuse(fmt::format("holds \"{}\", which is not UTF-8", printable(text)));
  return std::string(text);
}

/// How a value of type `Stored` lies in the file, and what we make of it.
template <class Stored>
struct Coding {
  static constexpr std::size_t min_bytes = sizeof(Stored);
  using Value = std::conditional_t<std::is_floating_point_v<Stored>, double, std::int64_t>;
  static Value read(ByteReader& in) {
    const auto value = in.number<Stored>();
    if constexpr (std::is_integral_v<Stored>)
      if (!std::in_range<std::int64_t>(value)) in.refuse(fmt::format("holds {}, which is out of range", value));
    return static_cast<Value>(value);
  }
};

template <>
struct Coding<bool> {
  static constexpr std::size_t min_bytes = 1;
  using Value = bool;
  static bool read(ByteReader& in) {
    const auto value = in.number<std::uint8_t>();
    if (value > 1) in.refuse(fmt::format("holds a bool that is {}", value));
    return value == 1;
  }
};

template <>
struct Coding<std::string> {
  static constexpr std::size_t min_bytes = length_bytes;
  using Value = std::string;
  static std::string read(ByteReader& in) { return checked_text(in); }
};

template <class Stored>
GgufValue read_one(ByteReader& in) {
  return Coding<Stored>::read(in);
}

template <class Stored>
GgufValue read_many(ByteReader& in) {
  const std::size_t length = in.count(Coding<Stored>::min_bytes, "elements");
  std::vector<typename Coding<Stored>::Value> values;
  values.reserve(length);
  for (std::size_t i = 0; i < length; ++i) values.push_back(Coding<Stored>::read(in));
  return values;
}

/// A value of the given type, or, `as_array`, an array of them.
GgufValue read_value(ByteReader& in, ValueType type, bool as_array = false) {
  const auto read = [&]<class Stored>() { return as_array ? read_many<Stored>(in) : read_one<Stored>(in); };
  switch (type) {
    case ValueType::U8:
      return read.operator()<std::uint8_t>();
    case ValueType::I8:
      return read.operator()<std::int8_t>();
    case ValueType::U16:
      return read.operator()<std::uint16_t>();
    case ValueType::I16:
      return read.operator()<std::int16_t>();
    case ValueType::U32:
      return read.operator()<std::uint32_t>();
    case ValueType::I32:
      return read.operator()<std::int32_t>();
    case ValueType::U64:
      return read.operator()<std::uint64_t>();
    case ValueType::I64:
      return read.operator()<std::int64_t>();
    case ValueType::F32:
      return read.operator()<float>();
    case ValueType::F64:
      return read.operator()<double>();
    case ValueType::Bool:
      return read.operator()<bool>();
    case ValueType::String:
      return read.operator()<std::string>();
    case ValueType::Array:
      if (as_array) in.refuse("is an array of arrays, which tertium does not read", "use a file without this key");
      return read_value(in, ValueType{in.number<std::uint32_t>()}, true);
  }
  in.refuse(fmt::format("has the unknown value type {}", static_cast<std::uint32_t>(type)));
}

GgufMetadata read_metadata(ByteReader& in, std::size_t pairs) {
  GgufMetadata metadata;
  for (std::size_t i = 0; i < pairs; ++i) {
    in.enter(fmt::format("metadata key {} of {}", i + 1, pairs));
    std::string key = checked_text(in);
    in.enter(fmt::format("key \"{}\"", printable(key)));
    if (metadata.contains(key)) in.refuse("comes twice");
    GgufValue value = read_value(in, ValueType{in.number<std::uint32_t>()});
    metadata.emplace(std::move(key), std::move(value));
  }
  return metadata;
}

// ---- Tensors

struct UnsupportedType {
  std::uint32_t id;
  std::string_view name;
};

/// Known to ggml, not to us: named, so that the user knows which other file to look for.
constexpr UnsupportedType unsupported_types[] = {
    {9, "Q8_1"},   {15, "Q8_K"}, {16, "IQ2_XXS"}, {17, "IQ2_XS"}, {18, "IQ3_XXS"}, {19, "IQ1_S"}, {21, "IQ3_S"},
    {22, "IQ2_S"}, {24, "I8"},   {25, "I16"},     {29, "IQ1_M"},  {34, "TQ1_0"},   {35, "TQ2_0"}, {39, "MXFP4"},
};

DType tensor_type(const Path& path, const std::string& name, std::uint32_t id) {
  static const std::vector<DType> readable =
      dtypes_with([](const DTypeLayout& type) { return type.gguf_id.has_value(); });
  const auto known = std::ranges::find(readable, id, [](DType dtype) { return layout(dtype).gguf_id; });
  if (known != readable.end()) return *known;
  const auto unsupported = std::ranges::find(unsupported_types, id, &UnsupportedType::id);
  fail("{}: tensor \"{}\" has the type {}, which tertium does not read; use a file whose tensors are {}", path.string(),
       printable(name),
       unsupported != std::end(unsupported_types) ? std::string(unsupported->name) : fmt::format("number {}", id),
       dtype_names(readable));
}

/// A tensor as described; its offset counts from where the data begins, which is known only behind the last
/// description.
struct Description {
  TensorView tensor;  // no bytes yet
  std::uint64_t offset;
  std::size_t size;
};

std::vector<std::int64_t> read_shape(ByteReader& in) {
  const auto rank = in.number<std::uint32_t>();
  if (rank > max_dimensions) in.refuse(fmt::format("has {} dimensions, more than {}", rank, max_dimensions));
  std::vector<std::int64_t> shape(rank);
  for (std::int64_t& size : shape) {
    size = in.number<std::int64_t>();
    if (size <= 0) in.refuse(fmt::format("has a dimension of size {}", size));
  }
  std::ranges::reverse(shape);  // GGUF writes the contiguous dimension first
  return shape;
}

Description read_description(ByteReader& in, const Path& path, std::size_t index, std::size_t tensors) {
  in.enter(fmt::format("tensor {} of {}", index + 1, tensors));
  Description result;
  TensorView& tensor = result.tensor;
  tensor.name = checked_text(in);
  in.enter(fmt::format("tensor \"{}\"", printable(tensor.name)));
  tensor.shape = read_shape(in);
  tensor.dtype = tensor_type(path, tensor.name, in.number<std::uint32_t>());
  const std::optional<std::size_t> size = stored_bytes(tensor.dtype, tensor.shape);
  if (!size)
    in.refuse(
        fmt::format("has the shape [{}], impossible for {}", fmt::join(tensor.shape, ", "), layout(tensor.dtype).name));
  result.size = *size;
  result.offset = in.number<std::uint64_t>();
  return result;
}

/// Points the tensor at its bytes, if all of them are in the file.
TensorView place(ByteReader& in, Description description, std::span<const std::byte> data, std::size_t alignment) {
  in.enter(fmt::format("tensor \"{}\"", printable(description.tensor.name)));
  const auto [offset, size] = std::pair(description.offset, description.size);
  if (offset % alignment != 0) in.refuse(fmt::format("lies at offset {}, no multiple of {}", offset, alignment));
  if (offset > data.size() || size > data.size() - offset)
    in.refuse(fmt::format("needs {} bytes at offset {}, the file has {} bytes of data", size, offset, data.size()));
  description.tensor.bytes = data.subspan(offset, size);
  return std::move(description.tensor);
}

std::size_t read_alignment(ByteReader& in, const GgufMetadata& metadata) {
  const auto found = metadata.find(alignment_key);
  if (found == metadata.end()) return default_alignment;
  in.enter(fmt::format("key \"{}\"", alignment_key));
  const auto* alignment = std::get_if<std::int64_t>(&found->second);
  if (!alignment || *alignment <= 0 || *alignment > max_alignment ||
      !std::has_single_bit(static_cast<std::uint64_t>(*alignment)))
    in.refuse("is no power of two");
  return static_cast<std::size_t>(*alignment);
}

std::vector<TensorView> read_tensors(ByteReader& in, const Path& path, std::span<const std::byte> file,
                                     std::size_t count, std::size_t alignment) {
  std::vector<Description> descriptions;
  descriptions.reserve(count);
  for (std::size_t i = 0; i < count; ++i) descriptions.push_back(read_description(in, path, i, count));
  const std::size_t data_begin = (in.position() + alignment - 1) / alignment * alignment;
  const auto data = file.subspan(std::min(data_begin, file.size()));  // a file without tensors may end before
  std::vector<TensorView> tensors;
  tensors.reserve(count);
  for (Description& description : descriptions) tensors.push_back(place(in, std::move(description), data, alignment));
  check_apart(path, tensors);
  return tensors;
}

// ---- The whole file

void check_version(const Path& path, std::uint32_t version) {
  if (version == 2 || version == 3) return;
  // A small number with its bytes swapped.
  if (version != 0 && (version & 0xffff) == 0)
    fail("{}: is a big-endian GGUF file; use a little-endian one", path.string());
  fail("{}: is GGUF version {}, tertium reads 2 and 3; convert it with a current llama.cpp", path.string(), version);
}

void check_magic(const Path& path, std::span<const std::byte> file) {
  if (file.size() < magic.size() || std::memcmp(file.data(), magic.data(), magic.size()) != 0)
    fail("{}: is not a GGUF file (it does not begin with \"{}\"); check the path", path.string(), magic);
}

template <class T>
constexpr std::string_view type_name() {
  if constexpr (std::is_same_v<T, std::int64_t>) return "an integer";
  if constexpr (std::is_same_v<T, double>) return "a number";
  if constexpr (std::is_same_v<T, bool>) return "a bool";
  if constexpr (std::is_same_v<T, std::string>) return "a text";
  if constexpr (std::is_same_v<T, std::vector<std::int64_t>>) return "an array of integers";
  if constexpr (std::is_same_v<T, std::vector<double>>) return "an array of numbers";
  if constexpr (std::is_same_v<T, std::vector<bool>>) return "an array of bools";
  if constexpr (std::is_same_v<T, std::vector<std::string>>) return "an array of texts";
}

template <class T>
using Given = std::conditional_t<std::is_arithmetic_v<T>, T, const T&>;

template <class T>
Given<T> value_of(const Path& path, const GgufMetadata& metadata, std::string_view key) {
  const auto found = metadata.find(key);
  if (found == metadata.end())
    fail("{}: has no metadata key \"{}\"; use a file made by a current llama.cpp converter", path.string(),
         printable(key));
  const GgufValue& stored = found->second;
  if (const T* value = std::get_if<T>(&stored)) return *value;
  if constexpr (std::is_same_v<T, double>)
    if (const auto* integer = std::get_if<std::int64_t>(&stored)) return static_cast<double>(*integer);
  const std::string_view actual = std::visit([]<class U>(const U&) { return type_name<U>(); }, stored);
  fail("{}: metadata key \"{}\" is {}, not {}; use a file made by a current llama.cpp converter", path.string(),
       printable(key), actual, type_name<T>());
}

// ---- Split files

constexpr std::string_view split_number_key = "split.no";  // from 0
constexpr std::string_view split_count_key = "split.count";
constexpr std::string_view split_tensors_key = "split.tensors.count";  // of all parts

/// Refuses a part whose metadata differs from what its place among the parts demands.
void check_part(const Path& path, const GgufMetadata& metadata, std::string_view key, std::int64_t expected) {
  const auto actual = value_of<std::int64_t>(path, metadata, key);
  if (actual != expected)
    fail("{}: {} is {}, but by the file's name it must be {}; give all parts the names that they came with",
         path.string(), key, actual, expected);
}

}  // namespace

Gguf::Gguf(const Path& path) {
  metadata_ = add_file(path);
  // Merged files say 0.
  if (const auto count = get_or<std::int64_t>(split_count_key, 0); count != 0 && count != 1) add_parts(count);
}

GgufMetadata Gguf::add_file(const Path& path) {
  files_.push_back(path);
  const std::span<const std::byte> file = mapped_.emplace_back(path).bytes();
  check_magic(path, file);
  ByteReader in(path, file);
  in.number<std::uint32_t>();  // the magic
  check_version(path, in.number<std::uint32_t>());
  const std::size_t tensors = in.count(min_tensor_bytes, "tensors");
  const std::size_t pairs = in.count(min_pair_bytes, "metadata keys");
  GgufMetadata metadata = read_metadata(in, pairs);
  std::ranges::move(read_tensors(in, path, file, tensors, read_alignment(in, metadata)), std::back_inserter(tensors_));
  return metadata;
}

void Gguf::add_parts(std::int64_t count) {
  const std::optional<GgufPart> first = gguf_part(path());
  if (!first || first->count != count)
    fail(
        "{}: is one of {} parts of a model, but its name does not end in -0000N-of-{:05}.gguf; give all parts the "
        "names "
        "that they came with",
        path().string(), count, count);
  check_part(path(), metadata_, split_number_key, first->number - 1);
  if (first->number != 1)
    fail("{}: is part {} of {} of a model; give the first one, {}", path().string(), first->number, count,
         first->file(1).string());
  for (int number = 2; number <= first->count; ++number) {
    const Path file = first->file(number);
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored))
      fail("{}: part {} of {} is missing; put all parts into one folder", file.string(), number, count);
    const GgufMetadata metadata = add_file(file);
    check_part(file, metadata, split_number_key, number - 1);
    check_part(file, metadata, split_count_key, count);
  }
  if (const auto stated = get<std::int64_t>(split_tensors_key); std::cmp_not_equal(stated, tensors_.size()))
    fail("{}: {} is {}, but its {} parts hold {} tensors; download them again", path().string(), split_tensors_key,
         stated, count, tensors_.size());
  check_apart(path(), tensors_);
}

std::vector<FileState> Gguf::states() const {
  std::vector<FileState> states;
  for (const MappedFile& file : mapped_) states.push_back(file.state());
  return states;
}

const TensorView* Gguf::find(std::string_view name) const {
  const auto found = std::ranges::find(tensors_, name, &TensorView::name);
  return found != tensors_.end() ? &*found : nullptr;
}

template <class T>
std::conditional_t<std::is_arithmetic_v<T>, T, const T&> Gguf::get(std::string_view key) const {
  return value_of<T>(path(), metadata_, key);
}

template std::int64_t Gguf::get<std::int64_t>(std::string_view) const;
template double Gguf::get<double>(std::string_view) const;
template bool Gguf::get<bool>(std::string_view) const;
template const std::string& Gguf::get<std::string>(std::string_view) const;
template const std::vector<std::int64_t>& Gguf::get<std::vector<std::int64_t>>(std::string_view) const;
template const std::vector<double>& Gguf::get<std::vector<double>>(std::string_view) const;
template const std::vector<bool>& Gguf::get<std::vector<bool>>(std::string_view) const;
template const std::vector<std::string>& Gguf::get<std::vector<std::string>>(std::string_view) const;

}  // namespace tertium
