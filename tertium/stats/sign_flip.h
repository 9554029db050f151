#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tertium {

struct SignFlipOptions {
  std::size_t largest_exact = 16;  // units that differ
  std::size_t flips = 10'000;
  std::uint64_t seed = 42;
};

/// The sign-flip randomization test, two-sided, of paired differences by item: under the hypothesis that both
/// conditions are alike, each unit's difference might as well have had the other sign. p is the share of sign
/// assignments whose sum is at least as far from 0 as the one seen. With `largest_exact` units or fewer whose
/// difference is not 0 all 2^n are gone through; else p = (hits + 1) / (flips + 1) over seeded ones. 1 where all
/// differences are 0, NaN without any. `units` as in stats/units.h: a unit's items keep their signs together.
double sign_flip(std::span<const double> differences, std::span<const std::size_t> units = {},
                 const SignFlipOptions& options = {});

}  // namespace tertium
