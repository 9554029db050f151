#pragma once

#include "tertium/analysis/results.h"
#include "tertium/cli/analysis_parts.h"

namespace tertium {

/// What answers and alignment rest on: each language's blocks, halves and heads taken out one by one.
void print_ablations(const Analysis& analysis, const Part& part);

}  // namespace tertium
