#pragma once

#include <cstddef>
#include <span>

namespace tertium {

/// A correlation of pairs and its confidence interval.
struct Correlation {
  double value = 0;  // NaN where one side is constant, or n < 2
  double low = -1;   // [low, high] within [-1, 1]; all of it where n < 4, which says nothing
  double high = 1;
  std::size_t n = 0;
};

enum class CorrelationKind { pearson, spearman };

/// The coefficient alone: Pearson's r of pairs (x[i], y[i]), or of their ranks (Spearman's rho; ties take their mean
/// rank). NaN where one side is constant, or n < 2. Here and below: asserts as many x as y; values must not be NaN.
double correlation(std::span<const double> x, std::span<const double> y, CorrelationKind kind);

/// Pearson's correlation; the interval is Fisher's z with the variance 1 / (n - 3).
Correlation pearson(std::span<const double> x, std::span<const double> y, double confidence = 0.95);

/// Two-sided p of no correlation, for Pearson's r of n pairs: Student's t with n - 2 degrees of freedom. NaN where r
/// is, or n < 3.
double pearson_p(double r, std::size_t n);

/// Spearman's rank correlation. The interval is Fisher's z with the variance (1 + value² / 2) / (n - 3) (Bonett and
/// Wright 2000); at ±1, where z is infinite, it reaches from there to the far bound of the next value that n ranks can
/// take.
Correlation spearman(std::span<const double> x, std::span<const double> y, double confidence = 0.95);

/// The correlations of all pairs but one.
struct LeaveOneOut {
  double low = 0, high = 0;      // the smallest and the largest that are defined; NaN if none is
  std::size_t without_low = 0;   // the pair that is left out where it is smallest
  std::size_t without_high = 0;  // and largest
};

/// The range over each pair left out in turn: how much a correlation hangs on one of them.
LeaveOneOut leave_one_out(std::span<const double> x, std::span<const double> y, CorrelationKind kind);

}  // namespace tertium
