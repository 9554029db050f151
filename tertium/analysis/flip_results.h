#pragma once

#include <string>
#include <vector>

#include "tertium/analysis/results.h"
#include "tertium/stats/bootstrap.h"

namespace tertium {

/// Every control at every place, main against it.
std::vector<FlipResult> flip_results(const Observations& observations, Bootstrap& bootstrap);

/// Whether a control rules something out that main may owe its effect to. Patching with itself measures noise, a dose
/// is a weaker main.
bool rules_out(const std::string& control);

/// Every place that main was put in at, against the strongest of its controls there.
std::vector<PlaceResult> place_results(const std::vector<FlipResult>& flips);

}  // namespace tertium
