#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tertium {

/// A smaller difference is a tie: neither side is larger, and it is counted.
inline constexpr double kTie = 1e-6;

/// Rows of states [rows, width] in f32, each row contiguous.
struct States {
  std::span<const float> values;
  std::size_t width = 0;
  std::size_t rows() const { return values.size() / width; }
};

/// A square matrix of cosines.
struct Cosines {
  std::size_t n = 0;
  std::vector<double> values;  // [n, n]
  double at(std::size_t i, std::size_t j) const { return values[i * n + j]; }
};

/// The inner product of a and b, [width] each.
double dot_product(const double* a, const double* b, std::size_t width);

/// Rows scaled to length 1, in f64, [rows, width]; a zero row stays one.
std::vector<double> unit_rows(const States& states);

/// cos(a_i, b_j) in f64; a and b have the same shape. The cosine with a zero row is 0.
Cosines cosines(const States& a, const States& b);

/// The n statements of one item at one layer, within and across its two languages (docs/methods.md, section 4).
struct StatementCosines {
  Cosines across;        // S[k, m] = cos(h[k, pivot], h[m, X])
  Cosines within_pivot;  // E
  Cosines within_other;  // F
};

/// A metric's value, and whether a tie was among its comparisons.
struct Measured {
  double value = 0;
  bool tie = false;
};

/// 1 where `difference` is positive, 0 where it is not; a tie gives 0.
Measured strictly_positive(double difference);

/// An alignment metric. Add one: metrics/<name>.cc, which defines <name>_metric, and a line in metrics.def. It has one
/// of the two rules.
struct Metric {
  std::string_view name;
  std::string_view meaning;
  Measured (*of_item)(const StatementCosines& item);  // from one item's statements
  /// From all items' premises, M[i, j] = cos(premise_i pivot, premise_j X): item i begins with 1, and M[i, i] is held
  /// against M[i, j] and M[j, i] of every other j (metrics/corpus.h).
  void (*of_pair)(double own, double other, Measured& item);
};

const std::vector<const Metric*>& metrics();
/// Throws Error listing the known ones.
const Metric& metric_named(std::string_view name);

/// min over k of S[k, k], and max over k != m of C[k, m].
double least_diagonal(const Cosines& cosines);
double largest_off_diagonal(const Cosines& cosines);

}  // namespace tertium
