#pragma once

#include <filesystem>
#include <optional>

namespace tertium {

/// Says that a run writes to a folder, as long as it lives: gone with the process, however that ends. It leaves no
/// file.
class FolderLock {
 public:
  /// Nothing if another run has it. A file system that knows no locks gives one that keeps nobody out.
  static std::optional<FolderLock> take(const std::filesystem::path& folder);

  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace tertium
