#pragma once

#include <array>
#include <string_view>

#include "tertium/translation/ngrams.h"

namespace tertium {

/// What chrF is made of: characters by order 1..6, then words by order 1 and 2. Those of a corpus are the sums of its
/// segments'.
struct ChrfCounts {
  static constexpr std::size_t kCharacters = 6, kWords = 2;
  std::array<NgramMatches, kCharacters + kWords> orders;

  ChrfCounts& operator+=(const ChrfCounts& other);
};

/// Of one segment and its reference, both valid UTF-8.
ChrfCounts chrf_counts(std::string_view hypothesis, std::string_view reference);

/// 0 to 100, as sacrebleu computes chrF2 (Popović 2015: character order 6, beta 2, white space left out, no smoothing)
/// and chrF2++ (2017: words of order 1 and 2 beside).
double chrf(const ChrfCounts& counts);
double chrf_plus_plus(const ChrfCounts& counts);

}  // namespace tertium
