#include "tertium/stats/bootstrap.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cassert>
#include <cmath>

#include "tertium/stats/random.h"

namespace tertium {
namespace {

constexpr std::size_t kKept = 4;  // numbers of units whose resamples stay; 1000 units take 10 MB

/// In the lower tail, of 1 - confidence in both.
double expanded_level(std::size_t units, double confidence) {
  const auto n = static_cast<double>(units);
  const double t = boost::math::quantile(boost::math::students_t(n - 1), 0.5 + confidence / 2);
  return boost::math::cdf(boost::math::normal(), -std::sqrt(n / (n - 1)) * t);
}

/// Linear between order statistics. Reorders the values.
double quantile(std::vector<double>& values, double level) {
  const double place = level * static_cast<double>(values.size() - 1);
  const auto below = values.begin() + static_cast<std::ptrdiff_t>(place);
  std::nth_element(values.begin(), below, values.end());
  if (below + 1 == values.end()) return *below;
  const double above = *std::min_element(below + 1, values.end());
  return *below + (place - std::floor(place)) * (above - *below);
}

}  // namespace

Resamples::Resamples(std::size_t units, const BootstrapOptions& options)
    : units_(units), size_(options.resamples), counts_(units * options.resamples) {
  Random random(options.seed);
  for (std::size_t resample = 0; resample < size_; ++resample)
    for (std::size_t draw = 0; draw < units; ++draw) ++counts_[below(random, units) * size_ + resample];
}

std::vector<double> Resamples::sums(std::span<const double> values) const {
  assert(values.size() == units_);
  std::vector<double> sums(size_);
  for (std::size_t unit = 0; unit < units_; ++unit) {
    const double value = values[unit];
    if (value == 0) continue;
    const std::uint8_t* counts = counts_.data() + unit * size_;
    for (std::size_t resample = 0; resample < size_; ++resample) sums[resample] += value * counts[resample];
  }
  return sums;
}

const Resamples& Bootstrap::of(std::size_t units) {
  const auto found = std::find_if(drawn_.begin(), drawn_.end(), [&](const auto& one) { return one.units() == units; });
  if (found != drawn_.end()) {
    drawn_.splice(drawn_.begin(), drawn_, found);
  } else {
    drawn_.emplace_front(units, options_);
    if (drawn_.size() > kKept) drawn_.pop_back();
  }
  return drawn_.front();
}

std::pair<double, double> Bootstrap::interval(std::vector<double> resampled, std::size_t units) const {
  assert(units >= 2 && !resampled.empty());
  const double level = expanded_level(units, options_.confidence);
  const double low = quantile(resampled, level);
  return {low, quantile(resampled, 1 - level)};
}

}  // namespace tertium
