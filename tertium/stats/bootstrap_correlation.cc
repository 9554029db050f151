#include "tertium/stats/bootstrap_correlation.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>
#include <utility>
#include <vector>

namespace tertium {
namespace {

using Values = std::vector<double>;

/// Ranks of one side's values in any resample, without sorting again.
class ResampledRanks {
 public:
  explicit ResampledRanks(std::span<const double> values)
      : values_(values.begin(), values.end()), order_(values.size()) {
    std::iota(order_.begin(), order_.end(), 0);
    std::sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) { return values_[a] < values_[b]; });
  }

  /// Mean ranks where value i occurs counts[i] times.
  void fill(const std::vector<int>& counts, Values& ranks) const {
    int before = 0;
    for (std::size_t first = 0, end = 0; first < order_.size(); first = end) {
      int equal = 0;
      for (; end < order_.size() && values_[order_[end]] == values_[order_[first]]; ++end) equal += counts[order_[end]];
      for (std::size_t i = first; i < end; ++i) ranks[order_[i]] = before + (equal + 1) / 2.0;
      before += equal;
    }
  }

 private:
  Values values_;
  std::vector<std::size_t> order_;
};

/// Whether the values that occur are all the same.
bool constant(const Values& values, const std::vector<int>& counts) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (counts[i] > 0) low = std::min(low, values[i]), high = std::max(high, values[i]);
  return low == high;
}

/// Pearson's r where pair i occurs counts[i] times, as often as there are pairs in all.
double weighted_pearson(const Values& x, const Values& y, const std::vector<int>& counts) {
  if (constant(x, counts) || constant(y, counts)) return std::numeric_limits<double>::quiet_NaN();
  const auto n = static_cast<double>(x.size());
  const double mean_x = std::inner_product(x.begin(), x.end(), counts.begin(), 0.0) / n,
               mean_y = std::inner_product(y.begin(), y.end(), counts.begin(), 0.0) / n;
  double xx = 0, yy = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double dx = x[i] - mean_x, dy = y[i] - mean_y;
    xx += counts[i] * dx * dx, yy += counts[i] * dy * dy, xy += counts[i] * dx * dy;
  }
  return std::clamp(xy / std::sqrt(xx * yy), -1.0, 1.0);
}

/// The correlations of all resamples that have one.
Values resampled(std::span<const double> x, std::span<const double> y, CorrelationKind kind,
                 const Resamples& resamples) {
  const ResampledRanks x_ranks(x), y_ranks(y);
  Values one(x.begin(), x.end()), other(y.begin(), y.end()), correlations;
  std::vector<int> counts(x.size());
  for (std::size_t resample = 0; resample < resamples.size(); ++resample) {
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = resamples.count(i, resample);
    if (kind == CorrelationKind::spearman) x_ranks.fill(counts, one), y_ranks.fill(counts, other);
    if (const double r = weighted_pearson(one, other, counts); !std::isnan(r)) correlations.push_back(r);
  }
  return correlations;
}

}  // namespace

Correlation bootstrap_correlation(std::span<const double> x, std::span<const double> y, CorrelationKind kind,
                                  Bootstrap& bootstrap) {
  assert(x.size() == y.size());
  Correlation result{.value = correlation(x, y, kind), .n = x.size()};
  if (result.n < 4 || std::isnan(result.value)) return result;
  if (std::abs(result.value) == 1)
    return kind == CorrelationKind::pearson ? pearson(x, y, bootstrap.confidence())
                                            : spearman(x, y, bootstrap.confidence());
  const Resamples& resamples = bootstrap.of(result.n);
  Values correlations = resampled(x, y, kind, resamples);
  if (2 * correlations.size() < resamples.size()) return result;
  std::tie(result.low, result.high) = bootstrap.interval(std::move(correlations), result.n);
  return result;
}

}  // namespace tertium
