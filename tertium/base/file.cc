#include "tertium/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>

#include "tertium/base/error.h"

namespace tertium {
namespace {

FileState state_of(const std::filesystem::path& path, const struct stat& status) {
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  return {path, status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
          status.st_mtim.tv_sec * kNanoseconds + status.st_mtim.tv_nsec};
}

/// Refuses what is no ordinary file: a pipe may never be written to, a device may never end.
FileState state_of_open(int descriptor, const std::filesystem::path& path) {
  struct stat status = {};
  if (::fstat(descriptor, &status) != 0) fail("{}: cannot be read: {}", path.string(), std::strerror(errno));
  if (S_ISDIR(status.st_mode)) fail("{}: is a folder; name a file", path.string());
  if (!S_ISREG(status.st_mode)) fail("{}: is not an ordinary file; copy it to one first", path.string());
  return state_of(path, status);
}

}  // namespace

void demand_unchanged(const std::vector<FileState>& files) {
  constexpr std::string_view kAdvice = "while tertium was reading it; keep model files as they are, and run again";
  for (const FileState& before : files) {
    struct stat status = {};
    if (::stat(before.path.c_str(), &status) != 0) fail("{}: was removed {}", before.path.string(), kAdvice);
    const FileState now = state_of(before.path, status);
    if (now.device != before.device || now.inode != before.inode)
      fail("{}: was replaced by another file {}", before.path.string(), kAdvice);
    if (now != before) fail("{}: was cut or overwritten {}", before.path.string(), kAdvice);
  }
}

bool is_there(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

bool write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  return !file.fail();
}

bool replace_file(const std::filesystem::path& path, std::string_view bytes) {
  const std::filesystem::path partial = path.string() + ".partial";
  std::error_code problem, ignored;
  if (write_file(partial, bytes)) {
    std::filesystem::rename(partial, path, problem);
    if (!problem) return true;
  }
  std::filesystem::remove(partial, ignored);
  return false;
}

// Non-blocking, so that opening a pipe by mistake does not wait for its writer.
InputFile::InputFile(const std::filesystem::path& path)
    : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (descriptor_ < 0) fail("{}: cannot be read: {}; check the path", path.string(), std::strerror(errno));
  try {
    state_ = state_of_open(descriptor_, path);
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

InputFile::~InputFile() { ::close(descriptor_); }

std::span<char> InputFile::read(std::span<char> into) {
  for (;;) {
    const ssize_t size = ::read(descriptor_, into.data(), into.size());
    if (size >= 0) return into.first(static_cast<std::size_t>(size));
    if (errno != EINTR) fail("{}: cannot be read: {}; check the disk", state_.path.string(), std::strerror(errno));
  }
}

}  // namespace tertium
