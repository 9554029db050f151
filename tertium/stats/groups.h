#pragma once

#include <limits>
#include <span>

#include "tertium/stats/estimate.h"

namespace tertium {

// Real values (margins, say) of two independent groups. Values must not be NaN.

/// The Mann-Whitney U test.
struct MannWhitney {
  double u = std::numeric_limits<double>::quiet_NaN();        // pairs in which the first's value is larger, ties half
  double p = std::numeric_limits<double>::quiet_NaN();        // two-sided
  double greater = std::numeric_limits<double>::quiet_NaN();  // one-sided: the first's values are larger
  bool exact = false;
};

/// As SciPy's `mannwhitneyu` by default: exact where a group has at most 8 values and no two are equal, else by the
/// normal approximation with corrections for ties and continuity. NaN where a group is empty.
MannWhitney mann_whitney(std::span<const double> first, std::span<const double> second);

/// The area under the ROC curve: the chance that a value of the first group is larger than one of the second (ties
/// half), with the interval of DeLong, DeLong and Clarke-Pearson (1988), cut to [0, 1]. The interval is NaN where a
/// group has fewer than two values, and where the groups do not overlap or all values are equal: the variance is 0
/// there, which says nothing.
Estimate auc(std::span<const double> first, std::span<const double> second, double confidence = 0.95);

}  // namespace tertium
