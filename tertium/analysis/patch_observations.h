#pragma once

#include <map>
#include <tuple>
#include <vector>

#include "tertium/analysis/answers.h"
#include "tertium/analysis/observations.h"

namespace tertium {

/// One language's answers and the pivot's, as a direction sees them.
struct AnswersOfPair {
  const Answers& pivot;
  const Answers& other;
  const Answers& at(Side side) const { return side == Side::pivot ? pivot : other; }
};

/// One patched run.
struct Trial {
  std::string donor;
  std::vector<double> scores;  // [n_options], as stored
};

/// The patched runs of one task, protocol and language at one kind of place.
struct PatchTrials {
  PatchKey key;
  std::map<std::tuple<std::string, int, std::string, int>, Trial> trials;  // by control, block, item, draw
};

/// Kinds of places in the order first stored. Throws Error for rows that do not fit the recipients' answers.
std::vector<PatchTrials> trials_of(const std::vector<const PatchRow*>& rows, const AnswersOfPair& pair);

/// The largest change of a score, as it is compared, where items were patched with themselves; NaN if none were.
double largest_self_change(const std::vector<const PatchRow*>& rows, const AnswersOfPair& pair);

/// What rows of one task, protocol and language say, places in the order first stored; of items of the direction's pool
/// alone. Throws Error for rows that do not fit the answers.
std::vector<PatchObservations> patch_observations(const TaskLanguage& of, const std::vector<const PatchRow*>& rows,
                                                  const AnswersOfPair& pair);

}  // namespace tertium
