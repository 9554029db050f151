#include "tertium/base/folder.h"

#include <unistd.h>

#include <cerrno>

#include "tertium/base/file.h"

namespace tertium {

std::filesystem::path nearest_there(const std::filesystem::path& path) {
  std::error_code problem;
  std::filesystem::path there = std::filesystem::absolute(path, problem);
  while (!is_there(there) && there.has_relative_path()) there = there.parent_path();
  return there;
}

double free_bytes(const std::filesystem::path& folder) {
  std::error_code problem;
  const std::filesystem::space_info space = std::filesystem::space(nearest_there(folder), problem);
  return problem ? 0 : static_cast<double>(space.available);
}

std::error_code folder_problem(const std::filesystem::path& folder) {
  const std::filesystem::path there = nearest_there(folder);
  std::error_code problem;
  if (!std::filesystem::is_directory(there, problem)) return std::make_error_code(std::errc::not_a_directory);
  return ::access(there.c_str(), W_OK | X_OK) == 0 ? std::error_code()
                                                   : std::error_code(errno, std::generic_category());
}

}  // namespace tertium
