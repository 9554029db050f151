#include "tertium/stats/groups.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cassert>
#include <cmath>
#include <map>
#include <numeric>
#include <vector>

#include "tertium/stats/ranks.h"

namespace tertium {
namespace {

constexpr std::size_t kLargestExact = 8;  // SciPy's choice

double number(std::size_t count) { return static_cast<double>(count); }

std::vector<double> ranks_of_both(std::span<const double> first, std::span<const double> second) {
  std::vector<double> all(first.begin(), first.end());
  all.insert(all.end(), second.begin(), second.end());
  return mean_ranks(all);
}

/// U of the first group, from the ranks of both with the first's in front.
double u_of(const std::vector<double>& ranks, std::size_t n) {
  const double sum = std::accumulate(ranks.begin(), ranks.begin() + static_cast<std::ptrdiff_t>(n), 0.0);
  return sum - number(n) * (number(n) + 1) / 2;
}

/// How often each rank occurs, hence each value.
std::map<double, std::size_t> occurrences(const std::vector<double>& ranks) {
  std::map<double, std::size_t> counts;
  for (const double rank : ranks) ++counts[rank];
  return counts;
}

/// P(U >= u) of groups of m and n values in random order: the coefficients of Gauss's binomial (m + n over m), built
/// one factor (1 - q^(n+i)) / (1 - q^i) after the other.
double exact_tail(double u, std::size_t m, std::size_t n) {
  if (m > n) std::swap(m, n);
  std::vector<double> ways(m * n + 1);
  ways[0] = 1;
  for (std::size_t i = 1; i <= m; ++i) {
    for (std::size_t k = ways.size(); k-- > n + i;) ways[k] -= ways[k - n - i];
    for (std::size_t k = i; k < ways.size(); ++k) ways[k] += ways[k - i];
  }
  // The upper half mirrors the lower, in which nothing cancels.
  for (std::size_t k = 0; k < ways.size() / 2; ++k) ways[ways.size() - 1 - k] = ways[k];
  const auto from = static_cast<std::ptrdiff_t>(std::ceil(u));
  const double tail = std::accumulate(ways.rbegin(), ways.rend() - from, 0.0);
  return tail / std::accumulate(ways.begin(), ways.end(), 0.0);
}

/// P(U >= u) by the normal approximation.
double normal_tail(double u, std::size_t m, std::size_t n, const std::map<double, std::size_t>& counts) {
  const double all = number(m + n);
  double ties = 0;
  for (const auto& [rank, count] : counts) ties += number(count) * (number(count) * number(count) - 1);
  const double variance = number(m) * number(n) / 12 * (all + 1 - ties / (all * (all - 1)));
  if (!(variance > 0)) return 1;  // all values are equal
  const double z = (u - number(m) * number(n) / 2 - 0.5) / std::sqrt(variance);
  return boost::math::cdf(boost::math::complement(boost::math::normal(), z));
}

/// The variance of a group's parts of the AUC, over their number: each value's share of the other group that it
/// exceeds, which is how its rank among all differs from that among its own.
double part_variance(std::span<const double> ranks, std::span<const double> group, std::size_t others) {
  const std::vector<double> own = mean_ranks(group);
  std::vector<double> parts(group.size());
  for (std::size_t i = 0; i < parts.size(); ++i) parts[i] = (ranks[i] - own[i]) / number(others);
  const double mean = std::accumulate(parts.begin(), parts.end(), 0.0) / number(parts.size());
  double sum = 0;
  for (const double part : parts) sum += (part - mean) * (part - mean);
  return sum / number(parts.size() - 1) / number(parts.size());
}

}  // namespace

MannWhitney mann_whitney(std::span<const double> first, std::span<const double> second) {
  const std::size_t m = first.size(), n = second.size();
  if (m == 0 || n == 0) return {};
  const std::vector<double> ranks = ranks_of_both(first, second);
  const std::map<double, std::size_t> counts = occurrences(ranks);
  MannWhitney test{.u = u_of(ranks, m)};
  test.exact = std::min(m, n) <= kLargestExact && counts.size() == m + n;
  const auto tail = [&](double u) { return test.exact ? exact_tail(u, m, n) : normal_tail(u, m, n, counts); };
  test.greater = tail(test.u);
  test.p = std::min(1.0, 2 * tail(std::max(test.u, number(m) * number(n) - test.u)));
  return test;
}

Estimate auc(std::span<const double> first, std::span<const double> second, double confidence) {
  assert(confidence > 0 && confidence < 1);
  const std::size_t m = first.size(), n = second.size();
  Estimate area{.n = m + n};
  if (m == 0 || n == 0) return area;
  const std::vector<double> ranks = ranks_of_both(first, second);
  area.value = u_of(ranks, m) / (number(m) * number(n));
  if (m < 2 || n < 2) return area;
  const std::span<const double> all = ranks;
  const double variance = part_variance(all.first(m), first, n) + part_variance(all.last(n), second, m);
  if (!(variance > 0)) return area;
  const double reach = boost::math::quantile(boost::math::normal(), 0.5 + confidence / 2) * std::sqrt(variance);
  area.low = std::max(0.0, area.value - reach);
  area.high = std::min(1.0, area.value + reach);
  return area;
}

}  // namespace tertium
