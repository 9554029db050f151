#include "tertium/translation/corpus_scores.h"

#include <functional>
#include <tuple>
#include <utility>

namespace tertium {
namespace {

/// A number of a segment's counts.
using Member = std::function<std::int64_t&(SegmentCounts&)>;

/// All of them, so that each is resampled alike.
std::vector<Member> members() {
  std::vector<Member> all = {[](SegmentCounts& counts) -> std::int64_t& { return counts.bleu.hypothesis_words; },
                             [](SegmentCounts& counts) -> std::int64_t& { return counts.bleu.reference_words; }};
  const auto add = [&](auto matches_of, std::size_t orders) {
    for (std::size_t order = 0; order < orders; ++order)
      for (std::int64_t NgramMatches::*number :
           {&NgramMatches::hypothesis, &NgramMatches::reference, &NgramMatches::shared})
        all.push_back([=](SegmentCounts& counts) -> std::int64_t& { return matches_of(counts)[order].*number; });
  };
  add(
      [](SegmentCounts & counts) -> auto& { return counts.bleu.orders; }, BleuCounts::kOrders);
  add(
      [](SegmentCounts & counts) -> auto& { return counts.chrf.orders; }, ChrfCounts::kCharacters + ChrfCounts::kWords);
  return all;
}

}  // namespace

SegmentCounts segment_counts(std::string_view hypothesis, std::string_view reference, BleuTokenizer tokenizer) {
  return {chrf_counts(hypothesis, reference), bleu_counts(hypothesis, reference, tokenizer)};
}

CorpusScores corpus_scores(const std::vector<SegmentCounts>& segments, Bootstrap& bootstrap) {
  SegmentCounts all;
  for (const SegmentCounts& segment : segments) all.chrf += segment.chrf, all.bleu += segment.bleu;
  CorpusScores scores;
  scores.chrf.value = chrf(all.chrf);
  scores.chrf_plus_plus.value = chrf_plus_plus(all.chrf);
  scores.bleu.value = corpus_bleu(all.bleu);
  scores.chrf.n = scores.chrf_plus_plus.n = scores.bleu.n = segments.size();
  if (segments.size() < 2) return scores;

  const Resamples& resamples = bootstrap.of(segments.size());
  std::vector<SegmentCounts> sums(resamples.size());
  std::vector<SegmentCounts> copies = segments;
  for (const Member& member : members()) {
    std::vector<double> values;
    for (SegmentCounts& segment : copies) values.push_back(static_cast<double>(member(segment)));
    const std::vector<double> resampled = resamples.sums(values);
    for (std::size_t i = 0; i < sums.size(); ++i) member(sums[i]) = static_cast<std::int64_t>(resampled[i]);
  }
  const auto set_interval = [&](Estimate& estimate, const std::function<double(const SegmentCounts&)>& score) {
    std::vector<double> resampled;
    for (const SegmentCounts& counts : sums) resampled.push_back(score(counts));
    std::tie(estimate.low, estimate.high) = bootstrap.interval(std::move(resampled), segments.size());
  };
  set_interval(scores.chrf, [](const SegmentCounts& counts) { return chrf(counts.chrf); });
  set_interval(scores.chrf_plus_plus, [](const SegmentCounts& counts) { return chrf_plus_plus(counts.chrf); });
  set_interval(scores.bleu, [](const SegmentCounts& counts) { return corpus_bleu(counts.bleu); });
  return scores;
}

}  // namespace tertium
