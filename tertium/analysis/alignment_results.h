#pragma once

#include <vector>

#include "tertium/analysis/results.h"

namespace tertium {

/// Every metric at every layer of every language, TS against TF.
std::vector<AlignmentResult> alignment_results(const Observations& observations, const AnalysisOptions& options);

}  // namespace tertium
