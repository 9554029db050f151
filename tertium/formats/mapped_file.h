#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "tertium/base/file.h"

namespace tertium {

/// A file mapped read-only into memory; movable, unmapped on destruction.
class MappedFile {
 public:
  /// Throws Error naming the file if it cannot be opened, is no ordinary file, or is empty.
  explicit MappedFile(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const FileState& state() const { return state_; }  // when it was mapped: if it changes, so do the bytes

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  FileState state_;
};

/// Lets the kernel take back the memory of these bytes of a mapped file; they are read again when they are next used.
void give_back_pages(std::span<const std::byte> bytes);

}  // namespace tertium
