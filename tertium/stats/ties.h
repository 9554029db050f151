#pragma once

namespace tertium {

/// Values of a statistic that differ by less, as a share of their size, count as alike: what rounding may part. Sums of n
/// doubles err by some n * 1e-16.
inline constexpr double kAlike = 1e-9;

}  // namespace tertium
