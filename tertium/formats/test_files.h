#pragma once

// For the tests of this and other modules: files that are written byte by byte, and what is said when they are refused.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/base/error.h"

namespace tertium::test {

/// A folder of its own for each test, removed when it ends.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "tertium_XXXXXX").string();
    if (!::mkdtemp(name.data())) fail("{}: cannot be made", name);
    path_ = name;
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() { std::filesystem::remove_all(path_); }

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(std::string_view name, std::string_view bytes) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::remove(file);  // a file of this name may still be mapped; its bytes must stay
    std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return file;
  }

 private:
  std::filesystem::path path_;
};

/// The message of the Error that `run` throws; a test failure if it throws none or if the message is not one line.
template <class Run>
std::string error_of(Run run) {
  try {
    run();
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    return message;
  }
  ADD_FAILURE() << "no Error was thrown";
  return {};
}

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
