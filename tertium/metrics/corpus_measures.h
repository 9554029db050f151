#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "tertium/metrics/metric.h"

namespace tertium {

/// One way to pair n sentences with n others: sentence i with permutation[i].
using Permutation = std::vector<std::size_t>;

/// How near the two sides of a parallel corpus are at one layer.
struct CorpusMeasure {
  std::string_view name;  // "mexa", "p1_row", "p1_col", "csls" or "cka" (docs/methods.md, section 12)
  double value = 0;       // NaN where it is undefined: "cka" where all sentences of a side have one state
  double chance = 0;      // its mean over the permutations
  std::size_t ties = 0;   // sentences with a tie among their comparisons
};

/// All measures of pivot and other, [sentences, width] each, parallel, at least two sentences. `permutations` re-pair
/// the sentences; there must be at least one.
std::vector<CorpusMeasure> corpus_measures(const States& pivot, const States& other,
                                           const std::vector<Permutation>& permutations);

}  // namespace tertium
