#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tertium/analysis/answers.h"
#include "tertium/patching/direction.h"
#include "tertium/stats/rates.h"
#include "tertium/store/store.h"

namespace tertium {

/// What patching one block did to a direction's items under one control.
struct Effect {
  /// Turned to gold (fix, lift), or away from it (keep, break, spoil). The value is the mean over items, of which each
  /// counts with its mean over draws; hits and n count every draw. Draws of one item are not independent of each other,
  /// so where an item has several there is no interval: low and high are NaN.
  Rate changed;
  Rate copied;          // likewise: turned to the donor's gold, of those that have another gold and another answer
  double recovery = 0;  // what all items' margins won over what the donors' are ahead of their own; NaN where unknown
};

/// What the patches of one table have in common: all but block, control, item and draw.
struct PatchKey {
  std::string direction, site, position;
  int head = -1, window = 1;
  auto operator<=>(const PatchKey&) const = default;
};

/// All patches of one key, at every block.
struct PatchTable {
  PatchKey key;
  std::size_t items = 0;                                 // those that the direction asks about
  std::size_t without_donor = 0;                         // (item, control) pairs whose pool held no donor
  std::map<std::string, std::map<int, Effect>> effects;  // by control, by block
};

/// One language's answers and the pivot's, as a direction sees them.
struct AnswersOfPair {
  const Answers& pivot;
  const Answers& other;
  const Answers& at(Side side) const { return side == Side::pivot ? pivot : other; }
};

/// The largest change of a score, as it is compared, where items were patched with themselves; negative if none were.
double largest_self_change(const std::vector<const PatchRow*>& rows, const AnswersOfPair& pair);

/// What rows of one task, protocol and language say, a table a key, as first stored. `asked` are the controls that
/// were to be run. Margins that differ by no more than the noise floor are equal. Throws Error for rows that do not fit
/// the answers.
std::vector<PatchTable> patch_tables(const std::vector<const PatchRow*>& rows, const std::set<std::string>& asked,
                                     const AnswersOfPair& pair, double noise_floor);

}  // namespace tertium
