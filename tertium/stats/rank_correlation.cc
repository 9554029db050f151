#include "tertium/stats/rank_correlation.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace tertium {
namespace {

/// Ranks from 0; those of equal values are their mean.
std::vector<double> ranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t first = 0, end = 0; first < order.size(); first = end) {
    while (end < order.size() && values[order[end]] == values[order[first]]) ++end;
    for (std::size_t i = first; i < end; ++i) ranks[order[i]] = static_cast<double>(first + end - 1) / 2;
  }
  return ranks;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double pearson(const std::vector<double>& x, const std::vector<double>& y) {
  const double mean_x = mean(x), mean_y = mean(y);
  double xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
  }
  if (xx == 0 || yy == 0) return std::numeric_limits<double>::quiet_NaN();
  return std::clamp(xy / std::sqrt(xx * yy), -1.0, 1.0);
}

}  // namespace

Correlation spearman(std::span<const double> x, std::span<const double> y, double confidence) {
  assert(x.size() == y.size() && confidence > 0 && confidence < 1);
  Correlation result{.value = std::numeric_limits<double>::quiet_NaN(), .n = x.size()};
  if (result.n >= 2) result.value = pearson(ranks(x), ranks(y));
  if (result.n < 4 || std::isnan(result.value)) return result;
  const double count = static_cast<double>(result.n),
               z = boost::math::quantile(boost::math::normal(), 0.5 + confidence / 2);
  const double next = 1 - 12 / (count * (count * count - 1));  // two neighbouring ranks swapped
  const double inside = std::clamp(result.value, -next, next);
  const double reach = z * std::sqrt((1 + inside * inside / 2) / (count - 3));
  result.low = result.value < -next ? -1 : std::tanh(std::atanh(inside) - reach);
  result.high = result.value > next ? 1 : std::tanh(std::atanh(inside) + reach);
  return result;
}

}  // namespace tertium
