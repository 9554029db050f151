#pragma once

#include <vector>

#include "tertium/analysis/results.h"
#include "tertium/stats/bootstrap.h"

namespace tertium {

/// Accuracy and transfer of every language.
std::vector<LanguageResult> language_results(const Observations& observations, Bootstrap& bootstrap);

}  // namespace tertium
