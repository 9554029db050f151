#pragma once

#include <cstddef>

#include "tertium/stats/estimate.h"

namespace tertium {

/// A proportion and its Wilson score interval.
struct Rate {
  double value = 0;  // hits / n; NaN if n is 0
  double low = 0;    // [low, high] within [0, 1]
  double high = 1;
  std::size_t hits = 0;
  std::size_t n = 0;
};

/// The Wilson score interval (Wilson 1927) at `confidence`. Asserts hits <= n. With n = 0 nothing is known: [0, 1].
Rate wilson(std::size_t hits, std::size_t n, double confidence = 0.95);

/// The same for a mean of values between 0 and 1, of n > 0 units: as wide as if each were 0 or 1, which is as far as
/// they can spread. The effective number of units need not be whole.
Estimate wilson_of_mean(double mean, double n, double confidence = 0.95);

}  // namespace tertium
