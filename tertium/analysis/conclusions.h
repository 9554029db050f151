#pragma once

#include <string>
#include <vector>

#include "tertium/analysis/results.h"

namespace tertium {

/// What the tables say, in sentences made by rule (docs/statistics.md): what remains after correction, what does not,
/// and where the sample is too small or the numbers too coarse to tell.
struct Conclusions {
  std::vector<std::string> all;
  std::vector<std::string> in_short;  // what to know first: of DALI and of patches, in few words
};
Conclusions conclusions(const Observations& observations, const Analysis& analysis, const AnalysisOptions& options);

/// "fix, resid_post, position last"
std::string place_name(const PatchKey& key);

/// The level of every "remains" and "differs".
inline constexpr double kLevel = 0.05;
/// Rates of fewer items are not singled out.
inline constexpr std::size_t kFewItems = 10;

}  // namespace tertium
