#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace tertium {

/// What tells a file from itself at another time: replaced, cut, or written to.
struct FileState {
  std::filesystem::path path;
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t modified = 0;  // nanoseconds since 1970

  bool operator==(const FileState&) const = default;
};

/// Throws Error naming the first file that is no longer in its state: what was read from it before and what is read from
/// it later are of two files.
void demand_unchanged(const std::vector<FileState>& files);

/// Whether there is something of that name, as far as can be told.
bool is_there(const std::filesystem::path& path);

/// Writes a file, in place of an earlier one. False if not all of it could be written.
[[nodiscard]] bool write_file(const std::filesystem::path& path, std::string_view bytes);
/// The same, but whole or not at all: whoever reads meanwhile finds the earlier one.
[[nodiscard]] bool replace_file(const std::filesystem::path& path, std::string_view bytes);

/// An ordinary file, open for reading; closed on destruction.
class InputFile {
 public:
  /// Throws Error naming the file if it cannot be opened or is a folder, a pipe or a device; a pipe is not waited for.
  explicit InputFile(const std::filesystem::path& path);
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  ~InputFile();

  const FileState& state() const { return state_; }  // when it was opened
  int descriptor() const { return descriptor_; }

  /// The next bytes, as many as fit; none at the end. Throws Error naming the file if the disk fails.
  std::span<char> read(std::span<char> into);

 private:
  int descriptor_;
  FileState state_;
};

}  // namespace tertium
