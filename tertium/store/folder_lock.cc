#include "tertium/store/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <sstream>
#include <utility>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

std::string host_name() {
  std::array<char, 256> name = {};
  return ::gethostname(name.data(), name.size() - 1) == 0 && name[0] ? name.data() : "unknown";
}

std::filesystem::path file_in(const std::filesystem::path& folder) { return folder / "run.lock"; }

/// Who holds a lock, as its file says: "4711 node7".
struct Holder {
  long process = 0;
  std::string host;

  std::string told() const { return fmt::format("process {} on {}", process, printable(host)); }
  /// Whether it may still be running; of another host nothing is known.
  bool may_live() const {
    return host != host_name() ||
           (process != ::getpid() && (::kill(static_cast<pid_t>(process), 0) == 0 || errno == EPERM));
  }
};

std::optional<Holder> read_holder(int descriptor) {
  std::array<char, 512> text = {};
  const ssize_t size = ::pread(descriptor, text.data(), text.size() - 1, 0);
  std::istringstream words(std::string(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0));
  Holder holder;
  if (words >> holder.process >> holder.host && holder.process > 0 && is_utf8(holder.host)) return holder;
  return std::nullopt;
}

void write_holder(int descriptor) {
  const std::string text = fmt::format("{} {}\n", ::getpid(), host_name());
  // What cannot be written (a full disk) only leaves the holder without a name.
  if (::ftruncate(descriptor, 0) == 0) (void)!::pwrite(descriptor, text.data(), text.size(), 0);
}

/// Whether the path still names the file that was opened.
bool is_at(const std::filesystem::path& path, int descriptor) {
  struct stat opened = {}, named = {};
  return ::fstat(descriptor, &opened) == 0 && ::stat(path.c_str(), &named) == 0 && opened.st_dev == named.st_dev &&
         opened.st_ino == named.st_ino;
}

}  // namespace

FolderLock::Taken FolderLock::take(const std::filesystem::path& folder) {
  const std::filesystem::path file = file_in(folder);
  for (;;) {
    constexpr mode_t kReadableByAll = 0644;
    FolderLock lock(file, ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kReadableByAll));
    if (lock.descriptor_ < 0) return {std::move(lock), "", ""};  // who cannot write here fails soon enough
    const bool locked = ::flock(lock.descriptor_, LOCK_EX | LOCK_NB) == 0;
    const bool is_held = !locked && errno == EWOULDBLOCK;
    const std::optional<Holder> holder = read_holder(lock.descriptor_);
    if (is_held || (!locked && holder && holder->may_live())) {
      ::close(std::exchange(lock.descriptor_, -1));  // without removing the file
      return {std::nullopt, holder ? holder->told() : "another process", ""};
    }
    // Whoever held it may have removed the file between our opening and locking it.
    if (!is_at(file, lock.descriptor_)) {
      ::close(std::exchange(lock.descriptor_, -1));
      continue;
    }
    write_holder(lock.descriptor_);
    return {std::move(lock), "", holder ? holder->told() : ""};
  }
}

std::optional<std::string> FolderLock::holder(const std::filesystem::path& folder) {
  const int descriptor = ::open(file_in(folder).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return std::nullopt;
  const std::optional<Holder> holder = read_holder(descriptor);
  ::close(descriptor);
  return holder && holder->may_live() ? std::optional(holder->told()) : std::nullopt;
}

FolderLock::FolderLock(FolderLock&& other) noexcept
    : file_(std::move(other.file_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

FolderLock::~FolderLock() {
  if (descriptor_ < 0) return;
  if (is_at(file_, descriptor_)) ::unlink(file_.c_str());
  ::close(descriptor_);
}

}  // namespace tertium
