#pragma once

#include <vector>

#include "tertium/analysis/results.h"
#include "tertium/stats/bootstrap.h"

namespace tertium {

/// Every control at every place, main against it.
std::vector<FlipResult> flip_results(const Observations& observations, Bootstrap& bootstrap);

/// Every place that main was put in at, against the strongest of its controls there.
std::vector<PlaceResult> place_results(const std::vector<FlipResult>& flips);

}  // namespace tertium
