#include "tertium/analysis/chance.h"

#include <cmath>

namespace tertium {
namespace {

/// That k given ones of n exchangeable numbers are the largest k: one over "n choose k".
double are_largest(std::size_t k, std::size_t n) {
  double chance = 1;
  for (std::size_t i = 0; i < k; ++i) chance *= static_cast<double>(k - i) / static_cast<double>(n - i);
  return chance;
}

}  // namespace

double chance_level(const std::string& metric, std::size_t options, std::size_t items) {
  const std::size_t n = options;
  if (metric == "mexat") return items == 0 ? kUnknown : 1 / (2 * static_cast<double>(items) - 1);
  if (n < 2) return kUnknown;
  if (metric == "dali") return are_largest(n, n * n);
  if (metric == "dalist") return are_largest(n, n * n + n * (n - 1));  // E and F are symmetric: n (n-1) / 2 each
  if (metric == "dali_row") return std::pow(static_cast<double>(n), -static_cast<double>(n));
  return kUnknown;
}

}  // namespace tertium
