#pragma once

#include <cstddef>
#include <limits>

#include "tertium/stats/estimate.h"

namespace tertium {

/// A group's items, and how many of them hit. hits <= n, asserted by all below.
struct Counts {
  std::size_t hits = 0, n = 0;
};

/// The risk difference, first rate less second, with Newcombe's hybrid score interval (Newcombe 1998, method 10: square
/// and add of the Wilson bounds). NaN where a group is empty. n is that of both groups.
Estimate risk_difference(Counts first, Counts second, double confidence = 0.95);

/// The two-proportion z with pooled variance.
struct PooledZ {
  double z = std::numeric_limits<double>::quiet_NaN();
  double greater = std::numeric_limits<double>::quiet_NaN();    // one-sided p: the first rate is larger
  double two_sided = std::numeric_limits<double>::quiet_NaN();  // p
};

/// z = (first rate - second) / sqrt(p (1 - p) (1/n + 1/n')) with p the rate of both groups together. NaN where p is 0
/// or 1 or a group is empty.
PooledZ two_proportion_z(Counts first, Counts second);

/// Fisher's exact test, two-sided: the probability, with all margins given, of every table that is no more probable
/// than this one (as SciPy and R count). NaN where a group is empty; 1 where all hit or none.
double fisher_exact(Counts first, Counts second);

/// McNemar's exact test, two-sided, of pairs: `only_first` hit under the first condition alone, `only_second` under the
/// second alone. 1 if there is no such pair.
double mcnemar_exact(std::size_t only_first, std::size_t only_second);

}  // namespace tertium
