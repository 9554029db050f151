#include "tertium/formats/safetensors.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/formats/tensor_checks.h"

namespace tertium {
namespace {

using nlohmann::json;
using Path = std::filesystem::path;

constexpr std::size_t header_length_bytes = sizeof(std::uint64_t);
constexpr std::size_t max_header_bytes = 100'000'000;  // the format's own limit
constexpr std::string_view metadata_key = "__metadata__";

const std::vector<DType>& stored_dtypes() {
  static const std::vector<DType> plain = dtypes_with([](const DTypeLayout& type) { return type.is_plain(); });
  return plain;
}

/// Watches the parser: a JSON library keeps the last of two equal keys and follows any nesting, both in silence.
class HeaderGuard {
 public:
  explicit HeaderGuard(const Path& path) : path_(path) {}

  bool operator()(int depth, json::parse_event_t event, const json& value) {
    const auto level = static_cast<std::size_t>(depth);
    if (event == json::parse_event_t::object_start || event == json::parse_event_t::array_start) {
      if (level >= keys_.size())
        fail("{}: its header is nested too deeply; the file is damaged, write it again", path_.string());
      keys_[level].clear();
    } else if (event == json::parse_event_t::key) {
      // The library counts a key one deeper than the object that holds it.
      const auto& key = value.get_ref<const std::string&>();
      if (!keys_[level - 1].insert(key).second)
        fail("{}: its header has the key \"{}\" twice; write the file again", path_.string(), printable(key));
    }
    return true;
  }

 private:
  const Path& path_;
  std::array<std::set<std::string>, 3> keys_;  // of the header, the open tensor, and its open array (none)
};

/// The bytes of the header, behind its length.
std::string_view header_text(const Path& path, std::span<const std::byte> file) {
  std::uint64_t length = 0;
  if (file.size() < header_length_bytes)
    fail("{}: is too short to be a safetensors file; download or write it again", path.string());
  std::memcpy(&length, file.data(), header_length_bytes);
  if (length > file.size() - header_length_bytes)
    fail("{}: its header claims {} bytes, the file has {}; it is cut short or no safetensors file", path.string(),
         length, file.size());
  if (length > max_header_bytes)
    fail("{}: its header claims {} bytes, more than the {} that safetensors allows", path.string(), length,
         max_header_bytes);
  return {reinterpret_cast<const char*>(file.data()) + header_length_bytes, static_cast<std::size_t>(length)};
}

json parse_header(const Path& path, std::string_view text) {
  try {
    json header = json::parse(text, HeaderGuard(path));
    if (!header.is_object()) fail("{}: its header is not a JSON object; write the file again", path.string());
    return header;
  } catch (const json::exception&) {
    fail("{}: its header is not JSON; the file is damaged or no safetensors file", path.string());
  }
}

/// One tensor's entry in the header; its errors name file and tensor.
class Entry {
 public:
  Entry(const Path& path, const std::string& name, const json& fields) : path_(path), name_(name), fields_(fields) {
    if (!fields.is_object()) refuse("is not described by a JSON object");
  }

  TensorView view(std::span<const std::byte> data) const {
    TensorView tensor{name_, dtype(), integers("shape"), {}};
    const std::vector<std::int64_t> offsets = integers("data_offsets");
    if (offsets.size() != 2) refuse("needs two data_offsets");
    const auto begin = static_cast<std::size_t>(offsets[0]);
    const auto end = static_cast<std::size_t>(offsets[1]);
    if (begin > end || end > data.size()) refuse(fmt::format("lies at bytes {} to {} of {}", begin, end, data.size()));
    const std::optional<std::size_t> size = stored_bytes(tensor.dtype, tensor.shape);
    if (!size) refuse(fmt::format("has the impossible shape [{}]", fmt::join(tensor.shape, ", ")));
    if (*size != end - begin) refuse(fmt::format("has {} bytes, its shape and dtype need {}", end - begin, *size));
    tensor.bytes = data.subspan(begin, end - begin);
    return tensor;
  }

 private:
  [[noreturn]] void refuse(std::string_view why) const {
    fail("{}: tensor \"{}\" {}; the file is damaged, download or write it again", path_.string(), printable(name_),
         why);
  }

  const json& field(const char* key) const {
    const auto found = fields_.find(key);
    if (found == fields_.end()) refuse(fmt::format("has no \"{}\"", key));
    return *found;
  }

  DType dtype() const {
    const json& value = field("dtype");
    if (!value.is_string()) refuse("has a \"dtype\" that is no string");
    const auto& name = value.get_ref<const std::string&>();
    for (const DType dtype : stored_dtypes())
      if (layout(dtype).name == name) return dtype;
    fail("{}: tensor \"{}\" has the dtype \"{}\", which tertium does not read; convert it to one of {}", path_.string(),
         printable(name_), printable(name), dtype_names(stored_dtypes()));
  }

  std::vector<std::int64_t> integers(const char* key) const {
    const json& values = field(key);
    if (!values.is_array()) refuse(fmt::format("has a \"{}\" that is no array", key));
    std::vector<std::int64_t> result;
    for (const json& value : values) {
      // Negative numbers and fractions are other types of the JSON library.
      constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
      if (!value.is_number_unsigned() || value.get<std::uint64_t>() > most)
        refuse(fmt::format("has a \"{}\" with {} in it", key, printable(value.dump())));
      result.push_back(value.get<std::int64_t>());
    }
    return result;
  }

  const Path& path_;
  const std::string& name_;
  const json& fields_;
};

std::vector<TensorView> read_tensors(const Path& path, std::span<const std::byte> file) {
  const std::string_view text = header_text(path, file);
  const std::span<const std::byte> data = file.subspan(header_length_bytes + text.size());
  std::vector<TensorView> tensors;
  std::size_t claimed = 0;
  const json header = parse_header(path, text);
  for (const auto& [name, fields] : header.items()) {
    if (name == metadata_key) continue;
    tensors.push_back(Entry(path, name, fields).view(data));
    claimed += tensors.back().bytes.size();
  }
  check_apart(path, tensors);
  // As none overlap, the sizes add up exactly if and only if there is no hole and no tail.
  if (claimed != data.size())
    fail("{}: has {} bytes of data, but its tensors only {}; the file is damaged, write it again", path.string(),
         data.size(), claimed);
  return tensors;
}

/// The header of a file that holds `tensors` one behind the other.
std::string make_header(const Path& path, const std::vector<TensorView>& tensors,
                        const std::map<std::string, std::string>& metadata) {
  json header = json::object();
  if (!metadata.empty()) header[metadata_key] = metadata;
  std::size_t begin = 0;
  for (const TensorView& tensor : tensors) {
    const std::string_view dtype = layout(tensor.dtype).name;
    if (!layout(tensor.dtype).is_plain())
      fail("{}: tensor \"{}\" is {}, which safetensors has no name for; convert it to F32", path.string(),
           printable(tensor.name), dtype);
    if (!is_utf8(tensor.name) || header.contains(tensor.name) || tensor.name == metadata_key)
      fail("{}: the name \"{}\" is taken or not UTF-8; rename the tensor", path.string(), printable(tensor.name));
    assert(tensor.bytes.size() == stored_bytes(tensor.dtype, tensor.shape));
    const std::size_t end = begin + tensor.bytes.size();
    header[tensor.name] = {{"dtype", dtype}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
    begin = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + header_length_bytes - 1) / header_length_bytes * header_length_bytes,
              ' ');  // so that the data is aligned
  return text;
}

}  // namespace

Safetensors::Safetensors(const Path& path) : file_(path), tensors_(read_tensors(path, file_.bytes())) {}

const TensorView* Safetensors::find(std::string_view name) const {
  const auto name_of = [](const TensorView& tensor) -> std::string_view { return tensor.name; };
  const auto found = std::ranges::lower_bound(tensors_, name, {}, name_of);
  return found != tensors_.end() && found->name == name ? &*found : nullptr;
}

void write_safetensors(const Path& path, const std::vector<TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  const std::string header = make_header(path, tensors, metadata);
  const std::uint64_t length = header.size();
  std::ofstream stream(path, std::ios::binary);
  const auto write = [&](const void* bytes, std::size_t size) {
    stream.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(size));
  };
  write(&length, sizeof length);
  write(header.data(), header.size());
  for (const TensorView& tensor : tensors) write(tensor.bytes.data(), tensor.bytes.size());
  stream.close();
  if (!stream) fail("{}: cannot be written; check the folder and the space left", path.string());
}

std::map<std::string, std::string> safetensors_metadata(const Path& path) {
  const MappedFile file(path);
  const json header = parse_header(path, header_text(path, file.bytes()));
  std::map<std::string, std::string> texts;
  const auto found = header.find(metadata_key);
  if (found == header.end() || !found->is_object()) return texts;
  for (const auto& [name, value] : found->items())
    if (value.is_string()) texts[name] = value.get<std::string>();
  return texts;
}

}  // namespace tertium
