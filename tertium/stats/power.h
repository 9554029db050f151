#pragma once

#include <cstddef>

#include "tertium/stats/two_rates.h"

namespace tertium {

/// Minimum detectable effects by the normal approximation: the smallest true effect that a test would find, at
/// two-sided level `alpha`, with probability `power`. NaN where no effect is large enough, or there is no item.
struct PowerOptions {
  double power = 0.8;
  double alpha = 0.05;
};

/// Of two independent groups, of which `reference` was seen to have its rate: how far another's rate, of n items, must
/// lie from it, towards the middle of [0, 1]. Pooled variance under the hypothesis that there is no difference, each
/// group's own under the alternative (Fleiss, Levin and Paik 2003, 4.3, without continuity correction), so that a
/// reference of 0 or 1 is no certainty.
double detectable_difference(std::size_t n, Counts reference, const PowerOptions& options = {});

/// Of n pairs, of which `discordant` differed, by McNemar's test (Connor 1987): the difference of the two rates. It
/// cannot exceed the share of discordant pairs; where that is too small, the smallest share that would do is supposed.
double detectable_paired_difference(std::size_t n, std::size_t discordant, const PowerOptions& options = {});

/// Of a mean of n units with this standard deviation, as paired differences of means over draws are. NaN where the
/// deviation is 0, which would claim certainty.
double detectable_mean(double deviation, std::size_t n, const PowerOptions& options = {});

}  // namespace tertium
