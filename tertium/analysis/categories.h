#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tertium/analysis/summary.h"

namespace tertium {

/// The summary of each category's items by themselves, the categories sorted. Throws Error if no item has one.
std::vector<std::pair<std::string, std::vector<TaskSummary>>> summarize_by_category(const Store& store);

}  // namespace tertium
