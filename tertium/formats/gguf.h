#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "tertium/formats/mapped_file.h"
#include "tertium/formats/tensor_view.h"

namespace tertium {

/// A metadata value. Integers of every width become int64 (u64 above its range is an error), floats double. Arrays are
/// flat.
using GgufValue = std::variant<std::int64_t, double, bool, std::string, std::vector<std::int64_t>, std::vector<double>,
                               std::vector<bool>, std::vector<std::string>>;
using GgufMetadata = std::map<std::string, GgufValue, std::less<>>;

/// A model in GGUF, version 2 or 3: one file, or all the parts of a split one. Nothing in it is trusted.
class Gguf {
 public:
  /// `path`: the file, or the first part; the others are found beside it (see gguf_split.h).
  /// Throws Error naming the file (and key or tensor) for a wrong magic or version, counts or lengths larger than the
  /// file could hold, an unknown value type, nested arrays, text that is not UTF-8, an unsupported tensor type (named),
  /// misaligned or outside offsets, tensors that share bytes, more than 4 dimensions, a size of 0, a row that is no
  /// whole number of blocks, a key or tensor named twice; another part than the first (the first is named), a part that
  /// is missing, has another's number or count, or another number of tensors in all parts than the first states.
  explicit Gguf(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return files_.front(); }
  const std::vector<std::filesystem::path>& files() const { return files_; }  // all parts, the first one first
  std::vector<FileState> states() const;  // of all parts, as they were when mapped
  /// Of all parts, in file order; shapes outermost first, as in PyTorch.
  const std::vector<TensorView>& tensors() const { return tensors_; }
  const TensorView* find(std::string_view name) const;  // null if there is none

  bool has(std::string_view key) const { return metadata_.contains(key); }
  /// The value of `key` as one of GgufValue's types: numbers as values, texts and arrays as references that live as
  /// long as this. An integer is also given as double. Throws Error naming file and key if absent or of another type.
  template <class T>
  std::conditional_t<std::is_arithmetic_v<T>, T, const T&> get(std::string_view key) const;
  template <class T>
  T get_or(std::string_view key, T fallback) const {
    return has(key) ? get<T>(key) : std::move(fallback);
  }
  const GgufMetadata& metadata() const { return metadata_; }  // of the first part

 private:
  /// Maps a file, adds its tensors and returns its metadata.
  GgufMetadata add_file(const std::filesystem::path& path);
  void add_parts(std::int64_t count);

  std::vector<std::filesystem::path> files_;
  std::vector<MappedFile> mapped_;
  GgufMetadata metadata_;
  std::vector<TensorView> tensors_;
};

}  // namespace tertium
