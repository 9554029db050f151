#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tertium {

/// Where PATH has a program, if it has.
std::optional<std::filesystem::path> find_program(const std::string& name);

/// Files that a child reads and writes; they go with it.
class ScratchFolder {
 public:
  /// Throws Error if none can be made.
  ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A program's end.
struct ChildResult {
  int status = 0;      // its exit status; 128 and more where a signal ended it
  std::string errors;  // what it wrote to its standard error
};

/// Runs a program to its end, with `input` as its standard input and `output` as its standard output. Throws Error if
/// it cannot be started.
ChildResult run_program(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                        const std::filesystem::path& input, const std::filesystem::path& output,
                        const ScratchFolder& scratch);

}  // namespace tertium
