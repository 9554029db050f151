#pragma once

#include <vector>

#include "tertium/analysis/results.h"

namespace tertium {

/// Whether items that are aligned are answered right, their length, English margin and language held: a logistic
/// regression for every task, protocol and metric, aligned as at each language's layer of the study's rule.
std::vector<RegressionResult> regression_results(const Observations& observations);

}  // namespace tertium
