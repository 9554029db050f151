#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "tertium/experiment/agreement.h"
#include "tertium/experiment/summary.h"

namespace tertium {

/// What print_summary prints, as JSON. Rates are {value, low, high, hits, n}; what is not known is null.
nlohmann::ordered_json to_json(const std::vector<TaskSummary>& tasks);
nlohmann::ordered_json to_json(const std::vector<Agreement>& agreements);

}  // namespace tertium
