#include "tertium/base/memory.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace tertium {
namespace {

namespace fs = std::filesystem;

/// The number behind `key` in a file of lines "key number"; with an empty key, the file's only one. Negative where
/// there is none, as for "max".
double number_in(const fs::path& file, std::string_view key = {}) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name;
    double number = -1;
    if (!key.empty() && (!(words >> name) || name != key)) continue;
    return words >> number ? number : -1;
  }
  return -1;
}

/// What files of a version of control groups are called.
struct GroupFiles {
  const char *folder, *limit, *used, *file_pages;  // pages of files that may be dropped, in memory.stat
};
constexpr GroupFiles kVersion2 = {"sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"},
                     kVersion1 = {"sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
                                  "total_inactive_file"};

/// Takes in the limits of a group and of all above it.
void narrow(Memory& memory, const fs::path& root, const GroupFiles& files, const fs::path& group) {
  for (fs::path below = group.relative_path();; below = below.parent_path()) {
    const fs::path folder = root / files.folder / below;
    const double limit = number_in(folder / files.limit), used = number_in(folder / files.used);
    if (limit >= 0 && used >= 0) {
      const double droppable = std::max(0.0, number_in(folder / "memory.stat", files.file_pages));
      memory.total = std::min(memory.total, limit);
      memory.free = std::min(memory.free, std::max(0.0, limit - used + droppable));
    }
    if (below.empty()) return;
  }
}

}  // namespace

Memory memory_told_by(const fs::path& root) {
  constexpr double kKibi = 1024;
  const double total = number_in(root / "proc/meminfo", "MemTotal:"),
               free = number_in(root / "proc/meminfo", "MemAvailable:");
  if (total < 0 || free < 0) return {};
  Memory memory{total * kKibi, free * kKibi};
  // Lines "0::/path" of version 2, "4:memory:/path" of version 1.
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    if (controllers == ",,") narrow(memory, root, kVersion2, line.substr(second + 1));
    if (controllers.find(",memory,") != std::string::npos) narrow(memory, root, kVersion1, line.substr(second + 1));
  }
  return memory;
}

Memory machine_memory() {
  Memory memory = memory_told_by("/");
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    const double most = static_cast<double>(limit.rlim_cur),
                 pages = number_in("/proc/self/statm");  // all that is mapped
    memory.total = std::min(memory.total, most);
    memory.free = std::min(memory.free, std::max(0.0, most - pages * static_cast<double>(sysconf(_SC_PAGESIZE))));
  }
  return memory;
}

}  // namespace tertium
