#include "tertium/stats/units.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <functional>
#include <numeric>
#include <tuple>
#include <utility>

#include "tertium/stats/rates.h"

namespace tertium {
namespace {

using Values = std::vector<double>;
using Interval = std::pair<double, double>;

double total(const Values& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

Values sizes_of(std::size_t items, std::span<const std::size_t> units) { return sums_by_unit(Values(items, 1), units); }

/// (Σx)²/Σx²: of values that are 0 or 1, how many are 1.
double effective_number(const Values& values) {
  double squares = 0;
  for (const double value : values) squares += value * value;
  const double sum = total(values);
  return squares > 0 ? sum * sum / squares : 0;
}

/// Whether all units have the same mean, of which resampling can make nothing else.
bool without_spread(const Values& sums, const Values& sizes) {
  for (std::size_t unit = 1; unit < sums.size(); ++unit)
    if (sums[unit] * sizes[0] != sums[0] * sizes[unit]) return false;
  return true;
}

/// Whether a mean of rates hangs on too few units, at either end. `sums` and `sizes` by unit.
bool too_few(const Values& sums, const Values& sizes) {
  Values misses = sizes;
  for (std::size_t unit = 0; unit < sums.size(); ++unit) misses[unit] -= sums[unit];
  return without_spread(sums, sizes) || std::min(effective_number(sums), effective_number(misses)) < kFewestUnits;
}

Interval quotient_interval(const Values& above, const Values& below, Bootstrap& bootstrap) {
  const Resamples& resamples = bootstrap.of(above.size());
  Values quotients = resamples.sums(above);
  const Values divisors = resamples.sums(below);
  for (std::size_t i = 0; i < quotients.size(); ++i) quotients[i] /= divisors[i];
  std::erase_if(quotients, [](double quotient) { return std::isnan(quotient); });  // 0 / 0, of margins alone
  return bootstrap.interval(std::move(quotients), above.size());
}

/// The mean of what is positive in `sums`, by Wilson.
Estimate positive_part(const Values& sums, const Values& sizes, double confidence) {
  double sum = 0;
  for (const double one : sums) sum += std::max(0.0, one);
  return wilson_of_mean(std::min(1.0, sum / total(sizes)), effective_number(sizes), confidence);
}

Values difference(std::span<const double> first, std::span<const double> second) {
  assert(first.size() == second.size());
  Values difference(first.size());
  std::transform(first.begin(), first.end(), second.begin(), difference.begin(), std::minus());
  return difference;
}

Values mapped(Values values, double (*function)(double)) {
  std::transform(values.begin(), values.end(), values.begin(), function);
  return values;
}

Interval sparse_difference(const Values& sums, const Values& sizes, double confidence) {
  const Estimate more = positive_part(sums, sizes, confidence);
  const Estimate less = positive_part(mapped(sums, [](double sum) { return -sum; }), sizes, confidence);
  const double value = more.value - less.value;
  return {value - std::hypot(more.value - more.low, less.high - less.value),
          value + std::hypot(more.high - more.value, less.value - less.low)};
}

}  // namespace

std::vector<double> sums_by_unit(std::span<const double> values, std::span<const std::size_t> units) {
  if (units.empty()) return {values.begin(), values.end()};
  assert(units.size() == values.size());
  std::vector<double> sums(*std::max_element(units.begin(), units.end()) + 1);
  for (std::size_t item = 0; item < values.size(); ++item) sums[units[item]] += values[item];
  return sums;
}

Estimate rate_of_items(std::span<const double> values, std::span<const std::size_t> units, Bootstrap& bootstrap) {
  if (values.empty()) return {};
  const Values sums = sums_by_unit(values, units), sizes = sizes_of(values.size(), units);
  Estimate rate{.value = std::clamp(total(sums) / total(sizes), 0.0, 1.0), .n = sums.size()};
  const bool one_each = std::all_of(sizes.begin(), sizes.end(), [](double size) { return size == 1; }) &&
                        std::all_of(sums.begin(), sums.end(), [](double sum) { return sum == 0 || sum == 1; });
  if (one_each || too_few(sums, sizes)) {
    const Estimate wilson = wilson_of_mean(rate.value, effective_number(sizes), bootstrap.confidence());
    rate.low = wilson.low, rate.high = wilson.high;
  } else {
    std::tie(rate.low, rate.high) = quotient_interval(sums, sizes, bootstrap);
  }
  return rate;
}

Estimate paired_difference(std::span<const double> first, std::span<const double> second,
                           std::span<const std::size_t> units, Bootstrap& bootstrap) {
  if (first.empty()) return {};
  const Values sizes = sizes_of(first.size(), units), sums = sums_by_unit(difference(first, second), units);
  Estimate estimate{.value = total(sums) / total(sizes), .n = sums.size()};
  const bool sparse = too_few(sums_by_unit(first, units), sizes) || too_few(sums_by_unit(second, units), sizes) ||
                      without_spread(sums, sizes) ||
                      effective_number(mapped(sums, [](double sum) { return std::abs(sum); })) < kFewestUnits;
  std::tie(estimate.low, estimate.high) =
      sparse ? sparse_difference(sums, sizes, bootstrap.confidence()) : quotient_interval(sums, sizes, bootstrap);
  return estimate;
}

Estimate mean_of_items(std::span<const double> values, std::span<const std::size_t> units, Bootstrap& bootstrap) {
  if (values.empty()) return {};
  const Values sums = sums_by_unit(values, units), sizes = sizes_of(values.size(), units);
  Estimate mean{.value = total(sums) / total(sizes), .n = sums.size()};
  if (mean.n >= 2) std::tie(mean.low, mean.high) = quotient_interval(sums, sizes, bootstrap);
  return mean;
}

Estimate ratio_of_sums(std::span<const double> above, std::span<const double> below, std::span<const std::size_t> units,
                       Bootstrap& bootstrap) {
  assert(above.size() == below.size());
  if (above.empty()) return {};
  const Values sums = sums_by_unit(above, units), divisors = sums_by_unit(below, units);
  Estimate ratio{.n = sums.size()};
  if (ratio.n < 2) return ratio;
  const auto [low, high] = bootstrap.interval(bootstrap.of(ratio.n).sums(divisors), ratio.n);
  if (low <= 0 && high >= 0) return ratio;
  ratio.value = total(sums) / total(divisors);
  std::tie(ratio.low, ratio.high) = quotient_interval(sums, divisors, bootstrap);
  return ratio;
}

}  // namespace tertium
