#pragma once

#include <span>
#include <string_view>

// Lists of keys that files may hold without being asked for them.

namespace tertium {

/// One key, or all that a '*' makes of it: at one end or both, or once inside.
struct KnownKey {
  std::string_view pattern;
  std::string_view why;  // it is right not to use it
};

/// Why the first of the list that `key` fits may be left aside; empty if it fits none.
std::string_view why_known(std::string_view key, std::span<const KnownKey> list);

}  // namespace tertium
