#include "tertium/stats/two_rates.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cassert>
#include <cmath>
#include <vector>

#include "tertium/stats/rates.h"
#include "tertium/stats/ties.h"

namespace tertium {
namespace {

/// The ways to choose k hits of `hits` in the first of two groups, of n[0] and n[1] items, as multiples of the
/// commonest number of ways. From one k to the next it is a product of small fractions, so a sum over all tables takes
/// one pass; Boost's hypergeometric takes far longer for each.
std::vector<double> hypergeometric_weights(std::size_t n0, std::size_t n1, std::size_t hits) {
  const std::size_t first = hits > n1 ? hits - n1 : 0, last = std::min(n0, hits);
  const auto next = [&](std::size_t k) {  // weight of k + 1 as a multiple of that of k
    return static_cast<double>(n0 - k) * static_cast<double>(hits - k) /
           (static_cast<double>(k + 1) * static_cast<double>(n1 + k + 1 - hits));
  };
  std::size_t mode = first;
  while (mode < last && next(mode) >= 1) ++mode;
  std::vector<double> weights(last - first + 1);
  weights[mode - first] = 1;
  for (std::size_t k = mode; k < last; ++k) weights[k + 1 - first] = weights[k - first] * next(k);
  for (std::size_t k = mode; k > first; --k) weights[k - 1 - first] = weights[k - first] / next(k - 1);
  return weights;
}

}  // namespace

Estimate risk_difference(Counts first, Counts second, double confidence) {
  Estimate difference{.n = first.n + second.n};
  if (first.n == 0 || second.n == 0) return difference;
  const Rate a = wilson(first.hits, first.n, confidence), b = wilson(second.hits, second.n, confidence);
  difference.value = a.value - b.value;
  difference.low = difference.value - std::hypot(a.value - a.low, b.high - b.value);
  difference.high = difference.value + std::hypot(a.high - a.value, b.value - b.low);
  return difference;
}

PooledZ two_proportion_z(Counts first, Counts second) {
  assert(first.hits <= first.n && second.hits <= second.n);
  const std::size_t hits = first.hits + second.hits, n = first.n + second.n;
  if (first.n == 0 || second.n == 0 || hits == 0 || hits == n) return {};
  const auto n1 = static_cast<double>(first.n), n2 = static_cast<double>(second.n);
  const double p = static_cast<double>(hits) / static_cast<double>(n);
  const double difference = static_cast<double>(first.hits) / n1 - static_cast<double>(second.hits) / n2;
  const double z = difference / std::sqrt(p * (1 - p) * (1 / n1 + 1 / n2));
  const boost::math::normal normal;
  return {.z = z,
          .greater = boost::math::cdf(boost::math::complement(normal, z)),
          .two_sided = 2 * boost::math::cdf(normal, -std::abs(z))};
}

double fisher_exact(Counts first, Counts second) {
  assert(first.hits <= first.n && second.hits <= second.n);
  if (first.n == 0 || second.n == 0) return NAN;
  const std::size_t hits = first.hits + second.hits;
  const std::vector<double> weights = hypergeometric_weights(first.n, second.n, hits);
  const double observed = weights[first.hits - (hits > second.n ? hits - second.n : 0)];
  double extreme = 0, all = 0;
  for (const double weight : weights) {
    all += weight;
    if (weight <= observed * (1 + kAlike)) extreme += weight;  // tables as probable as the observed one count
  }
  return extreme / all;
}

double mcnemar_exact(std::size_t only_first, std::size_t only_second) {
  const std::size_t n = only_first + only_second;
  if (n == 0) return 1;
  const boost::math::binomial coins(static_cast<double>(n), 0.5);
  return std::min(1.0, 2 * boost::math::cdf(coins, static_cast<double>(std::min(only_first, only_second))));
}

}  // namespace tertium
