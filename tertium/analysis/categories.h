#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tertium/analysis/results.h"

namespace tertium {

/// The analysis of each category's items by themselves, the categories sorted. Throws Error if no item has one.
std::vector<std::pair<std::string, Analysis>> analyse_by_category(const Store& store,
                                                                  const AnalysisOptions& options = {});

}  // namespace tertium
