#include "tertium/metrics/metric.h"

namespace tertium {
namespace {

/// DALI, and parallel statements are closer than two statements of the same language too.
Measured dalist_of(const StatementCosines& item) {
  const double least = least_diagonal(item.across);
  Measured all{.value = 1};
  for (const Cosines* others : {&item.across, &item.within_pivot, &item.within_other}) {
    const Measured one = strictly_positive(least - largest_off_diagonal(*others));
    if (one.value == 0) all.value = 0;
    all.tie |= one.tie;
  }
  return all;
}

}  // namespace

extern const Metric dalist_metric = {"dalist", "dali, and closer than statements within each language", dalist_of,
                                     nullptr};

}  // namespace tertium
