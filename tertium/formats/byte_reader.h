#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "tertium/base/error.h"

namespace tertium {

/// Reads little-endian values one behind the other from bytes that nobody vouches for. Every error is one line that
/// names the file and the part of it (`place`) that was being read.
class ByteReader {
 public:
  ByteReader(const std::filesystem::path& path, std::span<const std::byte> bytes) : path_(path), bytes_(bytes) {}

  /// What is read from here on, for errors: `key "general.name"`.
  void enter(std::string place) { place_ = std::move(place); }

  std::size_t position() const { return position_; }
  std::size_t left() const { return bytes_.size() - position_; }

  /// Throws an Error that says of the current place what is wrong: "holds a bool that is 7".
  [[noreturn]] void refuse(std::string_view why,
                           std::string_view advice = "the file is damaged or cut short, download it again") const {
    fail("{}: {} {}; {}", path_.string(), place_, why, advice);
  }

  template <class Number>
  Number number() {
    Number value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

  /// The number of items that follow, each of at least `item_bytes` bytes: refused at once if the file could not hold
  /// as many, so that nobody sets memory aside for them.
  std::size_t count(std::size_t item_bytes, std::string_view items) {
    const auto claimed = number<std::uint64_t>();
    if (claimed > left() / item_bytes)
      refuse(fmt::format("claims {} {}, only {} bytes are left", claimed, items, left()));
    return static_cast<std::size_t>(claimed);
  }

  /// Bytes behind their count, not checked to be UTF-8.
  std::string_view text() {
    const std::span<const std::byte> taken = take(count(1, "bytes of text"));
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }

 private:
  std::span<const std::byte> take(std::size_t size) {
    if (size > left()) refuse(fmt::format("needs {} more bytes, only {} are left", size, left()));
    position_ += size;
    return bytes_.subspan(position_ - size, size);
  }

  const std::filesystem::path& path_;
  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
  std::string place_ = "its header";
};

}  // namespace tertium
