#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace tertium {

/// Says that a run writes to a folder, as long as it lives: gone with the process, however that ends. Meanwhile a file
/// in the folder, `run.lock`, names host and process.
class FolderLock {
 public:
  struct Taken;
  /// No lock if another run has it. On a file system that knows no locks the file alone counts: there a run on another
  /// host is taken to be alive until somebody removes it.
  static Taken take(const std::filesystem::path& folder);
  /// Who writes to a folder, by what the file says, "process 4711 on node7"; nobody where that process has ended. Takes
  /// nothing, so that it keeps no run out.
  static std::optional<std::string> holder(const std::filesystem::path& folder);

  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  FolderLock(std::filesystem::path file, int descriptor) : file_(std::move(file)), descriptor_(descriptor) {}
  std::filesystem::path file_;
  int descriptor_;  // below 0: the file could not be made, and nobody is kept out
};

struct FolderLock::Taken {
  std::optional<FolderLock> lock;
  std::string holder;   // who has it, if not we: "process 4711 on node7"
  std::string left_by;  // who had it and ended without giving it back
};

}  // namespace tertium
