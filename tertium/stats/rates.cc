#include "tertium/stats/rates.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cassert>
#include <cmath>
#include <limits>

namespace tertium {

Rate wilson(std::size_t hits, std::size_t n, double confidence) {
  assert(hits <= n && confidence > 0 && confidence < 1);
  if (n == 0) return {.value = std::numeric_limits<double>::quiet_NaN()};
  const auto count = static_cast<double>(n);
  const double p = static_cast<double>(hits) / count;
  const double z = boost::math::quantile(boost::math::normal(), 0.5 + confidence / 2);
  const double shrink = 1 / (1 + z * z / count);
  const double center = shrink * (p + z * z / (2 * count));
  const double reach = shrink * z * std::sqrt(p * (1 - p) / count + z * z / (4 * count * count));
  // At the ends the bound is p itself; rounding would leave it a hair off.
  const double low = hits == 0 ? 0 : std::max(0.0, center - reach);
  const double high = hits == n ? 1 : std::min(1.0, center + reach);
  return {p, low, high, hits, n};
}

}  // namespace tertium
