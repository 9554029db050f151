#pragma once

#include <string_view>
#include <vector>

namespace tertium {

/// How an item fares in the pivot and in another language (docs/methods.md, section 2).
enum class Transfer { ts, tf, fs, ff };
Transfer transfer(bool pivot_right, bool other_right);
std::string_view to_string(Transfer transfer);  // "TS"

enum class Side { pivot, other };

/// Whose activations go into whose run, and on which items.
struct Direction {
  std::string_view name;
  Side donor;  // the other side receives
  Transfer pool;
  std::string_view asks;

  Side recipient() const { return donor == Side::pivot ? Side::other : Side::pivot; }
  /// Whether the pool's items are wrong where they receive, so that a flip to gold is asked for; else it is harm.
  bool repairs() const;
};

const std::vector<Direction>& directions();
/// Throws Error with the nearest known name.
const Direction& direction_named(std::string_view name);

}  // namespace tertium
