#pragma once

#include <filesystem>
#include <string_view>

namespace tertium {

/// Bytes of memory that a program may use, and those of them that nobody does.
struct Memory {
  double total = 0, free = 0;

  /// Whether so many more bytes may be taken for what is only useful: a quarter stays free.
  bool has_room_for(double bytes) const { return free - bytes >= total / 4; }
};

/// This machine's, within the limits of the process's control groups (as batch systems and containers set them) and of
/// `ulimit -v`. None where it cannot be told.
Memory machine_memory();

/// The same of a system whose files lie below `root`, without `ulimit -v`.
Memory memory_told_by(const std::filesystem::path& root);

}  // namespace tertium
