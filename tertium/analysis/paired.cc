#include "tertium/analysis/paired.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "tertium/analysis/groups.h"
#include "tertium/stats/power.h"
#include "tertium/stats/sign_flip.h"
#include "tertium/stats/two_rates.h"
#include "tertium/stats/units.h"

namespace tertium {
namespace {

double deviation(const std::vector<double>& values) {
  double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  const double mean = sum / static_cast<double>(values.size());
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

std::vector<double> unit_means(const std::vector<double>& values, const std::vector<std::size_t>& units) {
  std::map<std::size_t, std::pair<double, double>> sums;  // of values, of ones
  for (std::size_t i = 0; i < values.size(); ++i) {
    sums[units[i]].first += values[i];
    sums[units[i]].second += 1;
  }
  std::vector<double> means;
  for (const auto& [unit, sum] : sums) means.push_back(sum.first / sum.second);
  return means;
}

bool are_shares(const std::vector<double>& values) {
  return std::ranges::all_of(values, [](double value) { return value >= 0 && value <= 1; });
}

}  // namespace

PairedTest PairedItems::test(bool are_single, Bootstrap& bootstrap) const {
  return paired_test(first, second, units, are_single, bootstrap);
}

PairedTest paired_test(const std::vector<double>& first, const std::vector<double>& second,
                       const std::vector<std::string>& units, bool are_single, Bootstrap& bootstrap) {
  const std::vector<std::size_t> numbers = numbered(units);
  PairedTest test{.units = std::set<std::size_t>(numbers.begin(), numbers.end()).size()};
  if (first.empty()) return test;
  std::vector<double> differences;
  for (std::size_t i = 0; i < first.size(); ++i) differences.push_back(first[i] - second[i]);
  test.difference = are_shares(first) && are_shares(second) ? paired_difference(first, second, numbers, bootstrap)
                                                            : mean_of_items(differences, numbers, bootstrap);
  if (are_single && test.units == differences.size()) {
    test.plus = std::ranges::count(differences, 1.0);
    test.minus = std::ranges::count(differences, -1.0);
    const auto plus = static_cast<std::size_t>(test.plus), minus = static_cast<std::size_t>(test.minus);
    test.p = mcnemar_exact(plus, minus);
    test.detectable = detectable_paired_difference(differences.size(), plus + minus);
    return test;
  }
  const std::vector<double> means = unit_means(differences, numbers);
  test.p = sign_flip(differences, numbers);
  test.detectable = detectable_mean(deviation(means), means.size());
  return test;
}

}  // namespace tertium
