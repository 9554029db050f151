#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tertium/analysis/answers.h"
#include "tertium/analysis/observations.h"
#include "tertium/analysis/pivots.h"

namespace tertium {

/// One language's answers and the pivot's, as a direction sees them.
struct AnswersOfPair {
  const Answers& pivot;
  const Answers& other;
  const Answers& at(Side side) const { return side == Side::pivot ? pivot : other; }
};

/// Every language's, beside those of its pivot. Throws Error where the pivot's are missing.
std::map<TaskLanguage, AnswersOfPair> answer_pairs(const std::vector<LanguageAnswers>& all, const Pivots& pivots);

/// One patched run.
struct Trial {
  TaskLanguage of;
  PatchKey key;
  std::string control;
  int draw = 0;
  int layer = 0;
  std::string item, donor;
  std::vector<double> scores;  // [n_options], as stored
  std::int64_t number = 0;     // counts up in the order stored

  bool is_of_series(const Trial& other) const;
};

/// All patched runs of the languages that have answers, none of them kept: series by series as Store::each_patch goes
/// through them, so the draws of a control one after the other. Throws Error for rows that do not fit the recipients'
/// answers.
void each_trial(const Store& store, const std::map<TaskLanguage, AnswersOfPair>& pairs,
                const std::function<void(const Trial&)>& visit);

struct PatchesOfRun {
  /// By language: kinds of places in the order first stored, of each by control and block; of items of the direction's
  /// pool alone.
  std::map<TaskLanguage, std::vector<PatchObservations>> of;
  /// The largest change of a score, as it is compared, where items were patched with themselves; NaN if none were.
  double largest_self_change = kUnknown;
};
/// Memory grows with items and places, not with draws. Throws Error as each_trial does.
PatchesOfRun patches_of_run(const Store& store, const std::map<TaskLanguage, AnswersOfPair>& pairs);

}  // namespace tertium
