#pragma once

#include <cstddef>
#include <limits>

namespace tertium {

/// A quantity and its confidence interval. NaN is what is undefined: the interval alone, or all three.
struct Estimate {
  double value = std::numeric_limits<double>::quiet_NaN();
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
  std::size_t n = 0;  // units behind it
};

}  // namespace tertium
