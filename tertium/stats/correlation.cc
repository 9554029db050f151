#include "tertium/stats/correlation.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cassert>
#include <cmath>
#include <numeric>
#include <vector>

#include "tertium/stats/ranks.h"

namespace tertium {
namespace {

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Sums of squares about the mean do not tell: rounding leaves them a hair above 0.
bool constant(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [&](double value) { return value == values.front(); });
}

double pearson_r(std::span<const double> x, std::span<const double> y) {
  if (x.size() < 2 || constant(x) || constant(y)) return NAN;
  const double mean_x = mean(x), mean_y = mean(y);
  double xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
  }
  return std::clamp(xy / std::sqrt(xx * yy), -1.0, 1.0);
}

/// Normal quantile over the root of n - 3.
double fisher_reach(std::size_t n, double confidence) {
  assert(confidence > 0 && confidence < 1);
  return boost::math::quantile(boost::math::normal(), 0.5 + confidence / 2) / std::sqrt(static_cast<double>(n - 3));
}

}  // namespace

double correlation(std::span<const double> x, std::span<const double> y, CorrelationKind kind) {
  assert(x.size() == y.size());
  return kind == CorrelationKind::pearson ? pearson_r(x, y) : pearson_r(mean_ranks(x), mean_ranks(y));
}

Correlation pearson(std::span<const double> x, std::span<const double> y, double confidence) {
  Correlation result{.value = correlation(x, y, CorrelationKind::pearson), .n = x.size()};
  if (result.n < 4 || std::isnan(result.value)) return result;
  const double z = std::atanh(result.value), reach = fisher_reach(result.n, confidence);
  result.low = std::tanh(z - reach);
  result.high = std::tanh(z + reach);
  return result;
}

double pearson_p(double r, std::size_t n) {
  if (std::isnan(r) || n < 3) return NAN;
  if (std::abs(r) >= 1) return 0;
  const double degrees = static_cast<double>(n - 2), t = std::abs(r) * std::sqrt(degrees / (1 - r * r));
  return 2 * boost::math::cdf(boost::math::complement(boost::math::students_t(degrees), t));
}

Correlation spearman(std::span<const double> x, std::span<const double> y, double confidence) {
  Correlation result{.value = correlation(x, y, CorrelationKind::spearman), .n = x.size()};
  if (result.n < 4 || std::isnan(result.value)) return result;
  const double count = static_cast<double>(result.n);
  const double next = 1 - 12 / (count * (count * count - 1));  // two neighbouring ranks swapped
  const double inside = std::clamp(result.value, -next, next);
  const double reach = fisher_reach(result.n, confidence) * std::sqrt(1 + inside * inside / 2);
  result.low = result.value < -next ? -1 : std::tanh(std::atanh(inside) - reach);
  result.high = result.value > next ? 1 : std::tanh(std::atanh(inside) + reach);
  return result;
}

LeaveOneOut leave_one_out(std::span<const double> x, std::span<const double> y, CorrelationKind kind) {
  LeaveOneOut range{.low = NAN, .high = NAN};
  for (std::size_t out = 0; out < x.size(); ++out) {
    std::vector<double> some_x(x.begin(), x.end()), some_y(y.begin(), y.end());
    some_x.erase(some_x.begin() + static_cast<std::ptrdiff_t>(out));
    some_y.erase(some_y.begin() + static_cast<std::ptrdiff_t>(out));
    const double without = correlation(some_x, some_y, kind);
    if (std::isnan(without)) continue;
    if (!(range.low <= without)) range.low = without, range.without_low = out;
    if (!(range.high >= without)) range.high = without, range.without_high = out;
  }
  return range;
}

}  // namespace tertium
