#pragma once

#include <vector>

namespace tertium {

struct TaskSummary;  // analysis/summary.h

/// What was found, as tables on standard output.
void print_summary(const std::vector<TaskSummary>& tasks);

}  // namespace tertium
