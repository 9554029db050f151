#pragma once

#include <cstddef>
#include <string>

#include "tertium/analysis/observations.h"

namespace tertium {

/// How often a metric calls an item aligned where states are exchangeable (docs/methods.md, section 4): of items with
/// `options` options, `items` of them. Unknown for metrics that are no indicator.
double chance_level(const std::string& metric, std::size_t options, std::size_t items);

}  // namespace tertium
