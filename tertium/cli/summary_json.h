#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

namespace tertium {

struct Agreement;    // analysis/agreement.h
struct TaskSummary;  // analysis/summary.h

/// What print_summary prints, as JSON. Rates are {value, low, high, hits, n}; what is not known is null.
nlohmann::ordered_json to_json(const std::vector<TaskSummary>& tasks);
nlohmann::ordered_json to_json(const std::vector<Agreement>& agreements);

}  // namespace tertium
