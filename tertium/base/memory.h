#pragma once

#include <algorithm>
#include <filesystem>

namespace tertium {

/// Bytes of memory that a program may use, and those of them that nobody does.
struct Memory {
  double total = 0, free = 0;

  /// What may be taken of it for things that are only useful: half of all stays free.
  double spare() const { return std::max(0.0, free - total / 2); }
};

/// This machine's, within the limits of the process's control groups (as batch systems and containers set them) and of
/// `ulimit -v`. None where it cannot be told.
Memory machine_memory();

/// The same of a system whose files lie below `root`, without `ulimit -v`.
Memory memory_told_by(const std::filesystem::path& root);

}  // namespace tertium
