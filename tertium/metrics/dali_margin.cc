#include "tertium/metrics/metric.h"

namespace tertium {
namespace {

/// By how much DALI holds or fails: a continuous measure, without ties.
Measured dali_margin_of(const StatementCosines& item) {
  return {least_diagonal(item.across) - largest_off_diagonal(item.across), false};
}

}  // namespace

extern const Metric dali_margin_metric = {"dali_margin", "least parallel cosine minus largest other cosine",
                                          dali_margin_of, nullptr};

}  // namespace tertium
