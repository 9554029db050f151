#pragma once

#include <array>
#include <string_view>

#include "tertium/translation/ngrams.h"

namespace tertium {

/// How BLEU tells words apart, as sacrebleu's tokenizers of these names do: WMT's mteval-v13a, or the same with every
/// Chinese character a word.
enum class BleuTokenizer { v13a, zh };

/// What BLEU is made of: lengths in words, and n-grams of order 1..4. Those of a corpus are the sums of its segments'.
struct BleuCounts {
  static constexpr std::size_t kOrders = 4;
  std::int64_t hypothesis_words = 0, reference_words = 0;
  std::array<NgramMatches, kOrders> orders;

  BleuCounts& operator+=(const BleuCounts& other);
};

/// Of one segment and its reference, both valid UTF-8.
BleuCounts bleu_counts(std::string_view hypothesis, std::string_view reference, BleuTokenizer tokenizer);

/// 0 to 100, as sacrebleu computes BLEU (Papineni et al. 2002, smoothing "exp").
double corpus_bleu(const BleuCounts& counts);
/// Of one segment: only orders that it is long enough for ("effective order").
double sentence_bleu(const BleuCounts& counts);

}  // namespace tertium
