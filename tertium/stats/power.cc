#include "tertium/stats/power.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cassert>
#include <cmath>

namespace tertium {
namespace {

/// What the estimate must exceed the standard errors by.
struct Quantiles {
  double null;         // of the test's level
  double alternative;  // of the power
};
Quantiles quantiles(const PowerOptions& options) {
  assert(0 < options.alpha && options.alpha < 1 && 0 < options.power && options.power < 1);
  const boost::math::normal normal;
  return {boost::math::quantile(normal, 1 - options.alpha / 2), boost::math::quantile(normal, options.power)};
}

/// Where `excess`, negative at 0, becomes positive in (0, end]; NaN if it does not.
template <class Excess>
double root(const Excess& excess, double end) {
  if (!(excess(end) >= 0)) return NAN;
  double low = 0, high = end;
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    (excess(middle) < 0 ? low : high) = middle;
  }
  return high;
}

}  // namespace

double detectable_difference(std::size_t n, Counts reference, const PowerOptions& options) {
  assert(reference.hits <= reference.n);
  if (n == 0 || reference.n == 0) return NAN;
  const Quantiles z = quantiles(options);
  const auto n1 = static_cast<double>(n), n2 = static_cast<double>(reference.n);
  const double seen = static_cast<double>(reference.hits) / n2;
  const double p2 = std::min(seen, 1 - seen);  // a mirror image: up is towards the middle
  const auto excess = [&](double difference) {
    const double p1 = p2 + difference, pooled = (n1 * p1 + n2 * p2) / (n1 + n2);
    return difference - z.null * std::sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2)) -
           z.alternative * std::sqrt(std::max(0.0, p1 * (1 - p1)) / n1 + p2 * (1 - p2) / n2);
  };
  return root(excess, 1 - p2);
}

double detectable_paired_difference(std::size_t n, std::size_t discordant, const PowerOptions& options) {
  assert(discordant <= n);
  if (n == 0) return NAN;
  const Quantiles z = quantiles(options);
  const auto count = static_cast<double>(n);
  const double seen = static_cast<double>(discordant) / count;
  const auto excess = [&](double difference) {
    const double share = std::max(seen, difference);
    return difference * std::sqrt(count) - z.null * std::sqrt(share) -
           z.alternative * std::sqrt(share - difference * difference);
  };
  return root(excess, 1);
}

double detectable_mean(double deviation, std::size_t n, const PowerOptions& options) {
  if (n == 0 || !(deviation > 0)) return NAN;
  const Quantiles z = quantiles(options);
  return (z.null + z.alternative) * deviation / std::sqrt(static_cast<double>(n));
}

}  // namespace tertium
