#pragma once

#include <span>

#include "tertium/stats/bootstrap.h"
#include "tertium/stats/correlation.h"

namespace tertium {

/// A correlation with the bootstrap's interval over pairs (languages, say). Resamples in which a side is constant have
/// none and are left out; where more than half are so, or n < 4, the interval is [-1, 1]. At ±1, where every resample
/// is the same, it is that of `pearson` or `spearman`.
Correlation bootstrap_correlation(std::span<const double> x, std::span<const double> y, CorrelationKind kind,
                                  Bootstrap& bootstrap);

}  // namespace tertium
