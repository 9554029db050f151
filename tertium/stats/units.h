#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "tertium/stats/bootstrap.h"
#include "tertium/stats/estimate.h"

namespace tertium {

// Intervals of items' values, resampled by unit. An item's value is its mean over draws (or doses), since those are not
// independent data. `units` names the unit of each item, from 0 without a gap (a passage that several questions share);
// empty: each item is one. Spans of items are equally long, asserted. Without items, all is NaN. An Estimate's n counts
// units.

/// The sum over each unit's items; the values themselves without `units`.
std::vector<double> sums_by_unit(std::span<const double> values, std::span<const std::size_t> units);

/// A mean of rates, each between 0 and 1. Wilson's interval where each unit is one item whose value is 0 or 1 (one
/// draw); else the bootstrap's (stats/bootstrap.h).
///
/// Where the rate hangs on too few units the bootstrap fails (0 of 30 items: [0, 0]; a mean of .05: coverage of 80 %),
/// and where all are equal. So where the units that are off 0, or those that are off 1, count for less than
/// kFewestUnits, as (sum x)² / sum x² counts them, it is Wilson's with the mean for the rate and (sum size)² / sum
/// size² for n: never too narrow, since values within [0, 1] spread no further than 0 and 1 do. `Coverage`
/// (coverage_test.cc) holds what both together reach.
Estimate rate_of_items(std::span<const double> values, std::span<const std::size_t> units, Bootstrap& bootstrap);
inline constexpr double kFewestUnits = 4;

/// The difference of two conditions on the same items, first less second, each value between 0 and 1. Where either
/// hangs on too few units as above, or the units that differ are too few or all alike: square and add of Wilson's
/// intervals of the two parts of the difference, the mean of what the first has more and that of what the second has
/// more (Zou and Donner 2008).
Estimate paired_difference(std::span<const double> first, std::span<const double> second,
                           std::span<const std::size_t> units, Bootstrap& bootstrap);

/// A mean of values without bounds (margins). The interval is NaN for fewer than two units.
Estimate mean_of_items(std::span<const double> values, std::span<const std::size_t> units, Bootstrap& bootstrap);

/// A ratio of sums over the items, as recovery is: never a mean of ratios. All NaN where the interval of the sum below
/// includes 0, or there are fewer than two units.
Estimate ratio_of_sums(std::span<const double> above, std::span<const double> below, std::span<const std::size_t> units,
                       Bootstrap& bootstrap);

}  // namespace tertium
