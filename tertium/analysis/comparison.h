#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tertium/analysis/observations.h"
#include "tertium/analysis/result_table.h"
#include "tertium/stats/bootstrap.h"
#include "tertium/stats/estimate.h"

namespace tertium {

// Two results of the same items, paired: models, settings, adapters.

struct NamedObservations {
  std::string name;  // the folder, as a rule
  Observations observations;
};

/// Answers of the items that both have.
struct AnswerChange {
  std::string first, second;
  TaskLanguage of;
  std::size_t n = 0, units = 0;
  double first_accuracy = kUnknown, second_accuracy = kUnknown;
  Estimate difference;                     // second less first
  std::size_t lost = 0, won = 0;           // right in the first alone; in the second alone
  double p = kUnknown, p_holm = kUnknown;  // over languages
  std::size_t family = 0;
  double detectable = kUnknown;
};

/// Transfer of the items that the pivot answers right in both: whether they are right in the language, too.
struct TransferChange {
  std::string first, second;
  TaskLanguage of;
  std::size_t n = 0, units = 0;
  std::size_t first_ts = 0, second_ts = 0;  // transfer successes among them; the rest are failures
  Estimate difference;                      // of their shares, second less first
  std::size_t mended = 0, broken = 0;       // a failure that became a success; a success that became a failure
  double p = kUnknown, p_holm = kUnknown;   // McNemar's exact; over languages
  std::size_t family = 0;
  double detectable = kUnknown;
};

/// A metric of the items that both have, at layers of the same relative depth.
struct AlignmentChange {
  std::string first, second;
  std::string task, language, metric;
  int first_layer = 0, second_layer = 0;
  double depth = 0;  // 0: embeddings, 1: behind the last block
  std::size_t n = 0;
  double first_mean = kUnknown, second_mean = kUnknown;
  Estimate difference;                   // second less first
  double p = kUnknown, p_bh = kUnknown;  // over layers and languages
  std::size_t family = 0;
};

/// Main at one place, on the items that both patched there.
struct FlipChange {
  std::string first, second;
  TaskLanguage of;
  PatchKey key;
  int first_layer = 0, second_layer = 0;  // blocks of the same relative depth
  double depth = kUnknown;                // of the first: 1 behind its last block; unknown where their number is
  std::size_t n = 0;
  double first_rate = kUnknown, second_rate = kUnknown;
  double first_lead = kUnknown, second_lead = kUnknown;  // main less the control there that leaves the least of it
  Estimate difference;                                   // second less first
  std::int64_t won = -1, lost = -1;      // flipped in the second alone; in the first alone
  double p = kUnknown, p_bh = kUnknown;  // over blocks and languages
  std::size_t family = 0;
};

/// An item that one answers right and the other wrong.
struct ItemChange {
  std::string first, second;
  TaskLanguage of;
  std::string item;
  bool won = false;  // right in the second
};

struct Comparison {
  std::vector<AnswerChange> answers;
  std::vector<TransferChange> transfer;
  std::vector<AlignmentChange> alignment;
  std::vector<FlipChange> flips;
  std::vector<ItemChange> items;
  std::vector<std::string> conclusions;
};

/// Every later one against the first. Throws Error where two have no item of one task, protocol and language in common.
Comparison compare(const std::vector<NamedObservations>& all, std::uint64_t seed = BootstrapOptions{}.seed);

std::vector<ResultTable> result_tables(const Comparison& comparison);

}  // namespace tertium
