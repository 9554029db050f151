#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace tertium {

/// SHA-256 of a file, in hex. Throws Error if it cannot be read or is no ordinary file.
std::string sha256_file(const std::filesystem::path& path);

/// SHA-256 of several parts, told apart: (a, bc) differs from (ab, c).
class Hasher {
 public:
  Hasher();
  Hasher& add(std::string_view part);
  Hasher& add(std::int64_t number);
  Hasher& add(std::span<const std::int32_t> numbers);
  /// In hex; nothing can be added behind it.
  std::string hex();

 private:
  void add_bytes(const void* bytes, std::size_t count);
  std::shared_ptr<void> context_;
};

/// A 64-bit hash of a seed and some texts, the same on every machine: (a, bc) differs from (ab, c).
std::uint64_t stable_hash(std::uint64_t seed, std::initializer_list<std::string_view> parts);

/// SHA-256 of a text, in hex.
std::string sha256_text(std::string_view text);

}  // namespace tertium
