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

/// A GGUF file, version 2 or 3. Nothing in it is trusted.
class Gguf {
 public:
  /// Throws Error naming the file (and key or tensor) for a wrong magic or version, counts or lengths larger than the
  /// file could hold, an unknown value type, nested arrays, text that is not UTF-8, an unsupported tensor type (named),
  /// misaligned or outside offsets, tensors that share bytes, more than 4 dimensions, a size of 0, a row that is no
  /// whole number of blocks, a key or tensor named twice.
  explicit Gguf(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const std::vector<TensorView>& tensors() const {
    return tensors_;
  }                                                     // in file order; shapes outermost first, as in PyTorch
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
  const GgufMetadata& metadata() const { return metadata_; }

 private:
  std::filesystem::path path_;
  MappedFile file_;
  GgufMetadata metadata_;
  std::vector<TensorView> tensors_;
};

}  // namespace tertium
