#pragma once

// Binary files written byte by byte, right or wrong.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tertium::test {

/// The bytes of a number as they lie in memory, which is little-endian.
template <class Number>
std::string encoded(Number number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

/// GGUF's texts: the length, then the bytes.
inline std::string encoded_text(std::string_view text) { return encoded<std::uint64_t>(text.size()).append(text); }

/// Builds the bytes of a GGUF file, right or wrong.
struct GgufBuilder {
  std::string magic = "GGUF";
  std::uint32_t version = 3;
  std::optional<std::uint64_t> claimed_tensors, claimed_pairs;  // the true counts if not set
  std::size_t alignment = 32;

  GgufBuilder& pair(std::string_view key, std::uint32_t type, std::string_view value) {
    ++pairs_;
    metadata_ += encoded_text(key) + encoded(type);
    metadata_ += value;
    return *this;
  }
  GgufBuilder& text(std::string_view key, std::string_view value) { return pair(key, 8, encoded_text(value)); }
  GgufBuilder& array(std::string_view key, std::uint32_t type, std::uint64_t length, std::string_view elements) {
    return pair(key, 9, encoded(type) + encoded(length).append(elements));
  }

  /// A description only. `dimensions` as in the file: the contiguous one first.
  GgufBuilder& describe(std::string_view name, std::vector<std::uint64_t> dimensions, std::uint32_t type,
                        std::uint64_t offset) {
    ++tensors_;
    descriptions_ += encoded_text(name) + encoded(static_cast<std::uint32_t>(dimensions.size()));
    for (const std::uint64_t size : dimensions) descriptions_ += encoded(size);
    descriptions_ += encoded(type) + encoded(offset);
    return *this;
  }
  /// A description and its data, behind the data so far.
  GgufBuilder& tensor(std::string_view name, std::vector<std::uint64_t> dimensions, std::uint32_t type,
                      std::string_view data) {
    pad(data_);
    describe(name, std::move(dimensions), type, data_.size());
    data_ += data;
    return *this;
  }

  std::string bytes() const {
    std::string file = magic + encoded(version) + encoded(claimed_tensors.value_or(tensors_)) +
                       encoded(claimed_pairs.value_or(pairs_)) + metadata_ + descriptions_;
    if (!data_.empty()) pad(file);
    return file + data_;
  }

 private:
  void pad(std::string& bytes) const { bytes.resize((bytes.size() + alignment - 1) / alignment * alignment); }

  std::uint64_t tensors_ = 0, pairs_ = 0;
  std::string metadata_, descriptions_, data_;
};

}  // namespace tertium::test
