#include "tertium/metrics/metric.h"

namespace tertium {
namespace {

/// The study's text: each pivot statement is closest to its own translation.
Measured dali_row_of(const StatementCosines& item) {
  const Cosines& s = item.across;
  Measured all{.value = 1};
  for (std::size_t k = 0; k < s.n; ++k) {
    for (std::size_t m = 0; m < s.n; ++m) {
      if (m == k) continue;
      const Measured pair = strictly_positive(s.at(k, k) - s.at(k, m));
      if (pair.value == 0) all.value = 0;
      all.tie |= pair.tie;
    }
  }
  return all;
}

}  // namespace

extern const Metric dali_row_metric = {"dali_row", "each pivot statement is closest to its own translation (rule row)",
                                       dali_row_of, nullptr};

}  // namespace tertium
