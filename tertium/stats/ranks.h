#pragma once

#include <span>
#include <vector>

namespace tertium {

/// Ranks from 1 upwards; those of equal values are their mean.
std::vector<double> mean_ranks(std::span<const double> values);

}  // namespace tertium
