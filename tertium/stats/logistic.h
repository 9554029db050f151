#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace tertium {

/// What a logistic regression is fitted to. An intercept is a column of ones.
struct LogisticData {
  std::size_t columns = 0;
  std::vector<double> design;          // [rows, columns], finite
  std::vector<std::uint8_t> outcomes;  // [rows], 0 or 1
  std::vector<std::size_t> units;      // [rows], numbered from 0 without a gap; empty: each row is one
};

enum class LogisticState {
  converged,
  separated,  // some combination of columns tells all outcomes, or those of some rows for certain: no finite fit
  collinear,  // a column is a combination of others
  too_few,    // no more rows than columns
  stalled,    // none of these, and yet no convergence
};

struct Coefficient {
  double value = std::numeric_limits<double>::quiet_NaN();  // log odds ratio for one more of the column
  double error = std::numeric_limits<double>::quiet_NaN();
  double z = std::numeric_limits<double>::quiet_NaN();
  double p = std::numeric_limits<double>::quiet_NaN();    // two-sided
  double low = std::numeric_limits<double>::quiet_NaN();  // [low, high] of the value
  double high = std::numeric_limits<double>::quiet_NaN();
};

struct LogisticFit {
  LogisticState state = LogisticState::stalled;
  std::vector<Coefficient> coefficients;  // [columns]; NaN unless converged
  std::vector<std::size_t> culprits;      // columns that separate, or that are combinations of the others
  std::size_t rows = 0, units = 0;
};

struct LogisticOptions {
  int steps = 100;
  double confidence = 0.95;
};

/// Maximum likelihood by iteratively reweighted least squares. Errors are cluster-robust by unit with the correction
/// CR1, G/(G - 1) * (n - 1)/(n - k) for G units, n rows and k columns, and p and intervals are normal, as statsmodels'
/// `Logit.fit(cov_type="cluster")`. They need many more units than columns; with one unit they are NaN.
LogisticFit logistic_regression(const LogisticData& data, const LogisticOptions& options = {});

}  // namespace tertium
