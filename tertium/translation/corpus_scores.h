#pragma once

#include <string_view>
#include <vector>

#include "tertium/stats/bootstrap.h"
#include "tertium/stats/estimate.h"
#include "tertium/translation/bleu.h"
#include "tertium/translation/chrf.h"

namespace tertium {

/// What the scores of one segment are made of.
struct SegmentCounts {
  ChrfCounts chrf;
  BleuCounts bleu;
};
SegmentCounts segment_counts(std::string_view hypothesis, std::string_view reference, BleuTokenizer tokenizer);

/// Scores of all segments together, 0 to 100. Intervals come from resampled segments; NaN for fewer than two.
struct CorpusScores {
  Estimate chrf, chrf_plus_plus, bleu;
};
CorpusScores corpus_scores(const std::vector<SegmentCounts>& segments, Bootstrap& bootstrap);

}  // namespace tertium
