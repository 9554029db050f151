#include "tertium/stats/rates.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cassert>
#include <cmath>
#include <limits>

namespace tertium {

Estimate wilson_of_mean(double mean, double n, double confidence) {
  assert(0 <= mean && mean <= 1 && n > 0 && confidence > 0 && confidence < 1);
  const double z = boost::math::quantile(boost::math::normal(), 0.5 + confidence / 2);
  const double shrink = 1 / (1 + z * z / n);
  const double center = shrink * (mean + z * z / (2 * n));
  const double reach = shrink * z * std::sqrt(mean * (1 - mean) / n + z * z / (4 * n * n));
  // At the ends the bound is the mean itself; rounding would leave it a hair off.
  return {.value = mean,
          .low = mean == 0 ? 0 : std::max(0.0, center - reach),
          .high = mean == 1 ? 1 : std::min(1.0, center + reach),
          .n = static_cast<std::size_t>(n)};
}

Rate wilson(std::size_t hits, std::size_t n, double confidence) {
  assert(hits <= n);
  if (n == 0) return {.value = std::numeric_limits<double>::quiet_NaN()};
  const auto count = static_cast<double>(n);
  const Estimate estimate = wilson_of_mean(static_cast<double>(hits) / count, count, confidence);
  return {estimate.value, estimate.low, estimate.high, hits, n};
}

}  // namespace tertium
