#pragma once

#include <cstddef>
#include <span>

namespace tertium {

/// A correlation and its confidence interval.
struct Correlation {
  double value = 0;  // NaN where one side is constant, or n < 2
  double low = -1;   // [low, high] within [-1, 1]; all of it where n < 4, which says nothing
  double high = 1;
  std::size_t n = 0;
};

/// Spearman's rank correlation of pairs (x[i], y[i]); ties take their mean rank. The interval is Fisher's z with the
/// variance (1 + value² / 2) / (n - 3) (Bonett and Wright 2000); at ±1, where z is infinite, it reaches from there to
/// the far bound of the next value that n ranks can take. Asserts as many x as y.
Correlation spearman(std::span<const double> x, std::span<const double> y, double confidence = 0.95);

}  // namespace tertium
