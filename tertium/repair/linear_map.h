#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace tertium {

/// States of two languages at one place: row i says the same in both. Row-major, [n, width] each.
struct StatePairs {
  std::span<const float> from, to;  // the other language's, the pivot's
  std::size_t width = 0;

  std::size_t n() const { return width == 0 ? 0 : from.size() / width; }
};

/// x → x W + b: what makes the other language's states the pivot's.
struct LinearMap {
  std::vector<float> weight;  // [D, D], row-major: W[i, j] leads from column i to column j
  std::vector<float> bias;    // [D]
};

/// mean(to) − mean(from), [D]. Asserts at least one pair.
std::vector<float> fit_mean_shift(const StatePairs& pairs);

/// argmin Σ ‖(x W + b) − y‖² + λ ‖W‖² over centred states, with b = mean(to) − mean(from) W. λ is the one among
/// kRidges, as a share of the mean squared singular value of `from`, whose error is least over 5 folds (pair i is in
/// fold i mod 5). Asserts at least 5 pairs. `rank` > 0: the best map of that rank (reduced-rank regression: fitted
/// values projected onto their first directions).
LinearMap fit_least_squares(const StatePairs& pairs, std::size_t rank = 0);
inline constexpr double kRidges[] = {1e-3, 1e-2, 1e-1, 1, 10, 100, 1000};

/// The rotation R = U Vᵀ of the centred fromᵀ to = U S Vᵀ, with b = mean(to) − mean(from) R. Where there are fewer
/// pairs than columns, the pairs leave part of R open: there it is the rotation nearest to none. Asserts at least 2
/// pairs.
LinearMap fit_procrustes(const StatePairs& pairs);

/// Mean over pairs of ‖(x W + b) − y‖².
double squared_error(const LinearMap& map, const StatePairs& pairs);

}  // namespace tertium
