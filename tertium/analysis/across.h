#pragma once

#include <vector>

#include "tertium/analysis/results.h"

namespace tertium {

/// Accuracy of languages against how well they are aligned, by task, protocol and metric; the pivot is none of them.
std::vector<AcrossResult> across_results(const Observations& observations, const AnalysisOptions& options,
                                         Bootstrap& bootstrap);

}  // namespace tertium
