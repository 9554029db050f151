#pragma once

#include <vector>

#include "tertium/experiment/summary.h"

namespace tertium {

/// What was found, as tables on standard output.
void print_summary(const std::vector<TaskSummary>& tasks);

}  // namespace tertium
