#pragma once

#include <limits>
#include <vector>

#include "tertium/stats/estimate.h"

namespace tertium {

/// The difference of two groups' means where values come in units (questions about one passage).
struct ClusteredDifference {
  Estimate difference;                                  // n: units
  double p = std::numeric_limits<double>::quiet_NaN();  // two-sided
};

/// The first group's mean less the second's. Its variance is that of sums over units (Liang and Zeger 1986), times
/// G / (G - 1) for G units; interval and p are Student's with G - 1 degrees of freedom. A unit may have values in both
/// groups. The interval and p are NaN with fewer than two units or where that variance is 0. Asserts as many flags and
/// units as values.
ClusteredDifference clustered_difference(const std::vector<double>& values, const std::vector<bool>& is_first,
                                         const std::vector<std::size_t>& units, double confidence = 0.95);

}  // namespace tertium
