#include "tertium/metrics/metric.h"

namespace tertium {
namespace {

/// The study's code: every pair of parallel statements is closer than any two that are not parallel.
Measured dali_of(const StatementCosines& item) {
  return strictly_positive(least_diagonal(item.across) - largest_off_diagonal(item.across));
}

}  // namespace

extern const Metric dali_metric = {"dali", "parallel statements are closer than all others (rule global)", dali_of,
                                   nullptr};

}  // namespace tertium
