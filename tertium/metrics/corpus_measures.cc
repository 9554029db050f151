#include "tertium/metrics/corpus_measures.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

namespace tertium {
namespace {

/// The largest value of a row or column, and the largest elsewhere in it: what a permuted pair competes with is known
/// without a second look at the matrix.
class Rivals {
 public:
  /// `at(i)`: the i-th value of n.
  Rivals(std::size_t n, const std::function<double(std::size_t)>& at) {
    for (std::size_t i = 0; i < n; ++i) {
      const double value = at(i);
      if (value > largest_) {
        second_ = largest_;
        largest_ = value;
        place_ = i;
      } else {
        second_ = std::max(second_, value);
      }
    }
  }
  /// The largest value but the one at `own`.
  double but(std::size_t own) const { return own == place_ ? second_ : largest_; }

 private:
  double largest_ = -std::numeric_limits<double>::infinity(), second_ = largest_;
  std::size_t place_ = 0;
};

/// A matrix [n, n] of how near sentence i of the pivot is to sentence j of the other language.
class Nearness {
 public:
  explicit Nearness(const Cosines& matrix) : matrix_(&matrix) {
    for (std::size_t i = 0; i < matrix.n; ++i) {
      rows_.emplace_back(matrix.n, [&](std::size_t j) { return matrix.at(i, j); });
      columns_.emplace_back(matrix.n, [&](std::size_t j) { return matrix.at(j, i); });
    }
  }
  /// By how much the pair (i, j) is nearer than any other in its row, in its column.
  double ahead_in_row(std::size_t i, std::size_t j) const { return matrix_->at(i, j) - rows_[i].but(j); }
  double ahead_in_column(std::size_t i, std::size_t j) const { return matrix_->at(i, j) - columns_[j].but(i); }

 private:
  const Cosines* matrix_;
  std::vector<Rivals> rows_, columns_;
};

using OfPair = std::function<Measured(std::size_t i, std::size_t j)>;

/// The mean of a measure over the pairs (i, pairing[i]).
CorpusMeasure mean(const OfPair& of_pair, const Permutation& pairing) {
  CorpusMeasure measure;
  for (std::size_t i = 0; i < pairing.size(); ++i) {
    const Measured measured = of_pair(i, pairing[i]);
    measure.value += measured.value;
    measure.ties += measured.tie;
  }
  measure.value /= static_cast<double>(pairing.size());
  return measure;
}

/// The mean of the k largest of n values.
double mean_of_largest(std::vector<double> values, std::size_t k) {
  k = std::min(k, values.size());
  std::ranges::partial_sort(values, values.begin() + static_cast<std::ptrdiff_t>(k), std::greater());
  return std::accumulate(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(k), 0.0) / static_cast<double>(k);
}

/// Cross-domain similarity local scaling: twice the cosine, less how near each of the two is to its 10 nearest.
Cosines csls(const Cosines& cosines) {
  constexpr std::size_t kNearest = 10;
  const std::size_t n = cosines.n;
  std::vector<double> crowd_of_row(n), crowd_of_column(n);
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<double> row(n), column(n);
    for (std::size_t j = 0; j < n; ++j) {
      row[j] = cosines.at(i, j);
      column[j] = cosines.at(j, i);
    }
    crowd_of_row[i] = mean_of_largest(std::move(row), kNearest);
    crowd_of_column[i] = mean_of_largest(std::move(column), kNearest);
  }
  Cosines scaled{n, std::vector<double>(n * n)};
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      scaled.values[i * n + j] = 2 * cosines.at(i, j) - crowd_of_row[i] - crowd_of_column[j];
  return scaled;
}

/// Inner products of all sentences' states, less their mean: [n, n].
Cosines centred_gram(const States& states) {
  const std::size_t n = states.rows(), width = states.width;
  std::vector<double> centred(states.values.begin(), states.values.end());
  for (std::size_t d = 0; d < width; ++d) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += centred[i * width + d];
    for (std::size_t i = 0; i < n; ++i) centred[i * width + d] -= sum / static_cast<double>(n);
  }
  Cosines gram{n, std::vector<double>(n * n)};
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j <= i; ++j)
      gram.values[i * n + j] = gram.values[j * n + i] =
          dot_product(centred.data() + i * width, centred.data() + j * width, width);
  return gram;
}

/// The largest squared length of a state: what rounding is measured by.
double largest_square(const States& states) {
  double largest = 0;
  for (std::size_t i = 0; i < states.rows(); ++i) {
    double sum = 0;
    for (const float value : states.values.subspan(i * states.width, states.width)) sum += double{value} * value;
    largest = std::max(largest, sum);
  }
  return largest;
}

double norm(const Cosines& gram) {
  return std::sqrt(std::inner_product(gram.values.begin(), gram.values.end(), gram.values.begin(), 0.0));
}

/// Linear centred kernel alignment, which does not ask which state is whose but through the pairing.
class Cka {
 public:
  Cka(const States& pivot, const States& other) : pivot_(centred_gram(pivot)), other_(centred_gram(other)) {
    constexpr double kRounding = 1e-12;
    const double a = norm(pivot_), b = norm(other_);
    const bool is_defined = a > kRounding * largest_square(pivot) && b > kRounding * largest_square(other);
    scale_ = is_defined ? 1 / (a * b) : std::numeric_limits<double>::quiet_NaN();
  }
  double of(const Permutation& pairing) const {
    double sum = 0;
    for (std::size_t i = 0; i < pairing.size(); ++i)
      for (std::size_t j = 0; j < pairing.size(); ++j) sum += pivot_.at(i, j) * other_.at(pairing[i], pairing[j]);
    return sum * scale_;
  }

 private:
  Cosines pivot_, other_;
  double scale_;
};

}  // namespace

std::vector<CorpusMeasure> corpus_measures(const States& pivot, const States& other,
                                           const std::vector<Permutation>& permutations) {
  assert(pivot.rows() >= 2 && pivot.rows() == other.rows() && !permutations.empty());
  const Cosines matrix = cosines(pivot, other), scaled = csls(matrix);
  const Nearness near(matrix), scaled_near(scaled);
  const OfPair in_row = [&](std::size_t i, std::size_t j) { return strictly_positive(near.ahead_in_row(i, j)); };
  const OfPair in_column = [&](std::size_t i, std::size_t j) { return strictly_positive(near.ahead_in_column(i, j)); };
  const OfPair both_ways = [&](std::size_t i, std::size_t j) {
    const Measured row = in_row(i, j), column = in_column(i, j);
    return Measured{row.value * column.value, row.tie || column.tie};
  };
  const OfPair csls_margin = [&](std::size_t i, std::size_t j) {
    return Measured{std::min(scaled_near.ahead_in_row(i, j), scaled_near.ahead_in_column(i, j)), false};
  };
  Permutation as_given(matrix.n);
  std::iota(as_given.begin(), as_given.end(), std::size_t{0});
  const auto count = static_cast<double>(permutations.size());

  std::vector<CorpusMeasure> measures;
  for (const auto& [name, of_pair] : {std::pair<std::string_view, const OfPair&>("mexa", both_ways),
                                      {"p1_row", in_row},
                                      {"p1_col", in_column},
                                      {"csls", csls_margin}}) {
    CorpusMeasure& measure = measures.emplace_back(mean(of_pair, as_given));
    measure.name = name;
    for (const Permutation& permutation : permutations) measure.chance += mean(of_pair, permutation).value / count;
  }
  const Cka cka(pivot, other);
  CorpusMeasure& measure = measures.emplace_back(CorpusMeasure{"cka", cka.of(as_given)});
  for (const Permutation& permutation : permutations) measure.chance += cka.of(permutation) / count;
  return measures;
}

}  // namespace tertium
