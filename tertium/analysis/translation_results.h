#pragma once

#include <map>
#include <string>
#include <vector>

#include "tertium/analysis/observations.h"
#include "tertium/stats/bootstrap.h"
#include "tertium/stats/estimate.h"

namespace tertium {

/// Stored translations, with what their sentences say. Throws Error naming an item that lacks its reference, or a
/// condition that no run writes.
TranslationObservations translation_observations(const std::vector<GenerationRow>& rows,
                                                 const std::vector<TextRow>& texts,
                                                 const std::vector<AlignmentRow>& alignment);

/// How a language is translated into a target (section 12).
struct TranslationResult {
  std::string language, target;
  bool is_pivot = false;
  std::size_t n = 0;
  Estimate log_prob;                                      // of the reference, mean over sentences of its sum
  double per_token = kUnknown;                            // all sums over all tokens
  Estimate chrfpp, chrf, bleu;                            // of all texts together
  std::size_t empty = 0, repeated = 0, untranslated = 0;  // texts; untranslated: the source sentence itself
  std::map<std::string, std::size_t> languages_out;       // texts by their language
  std::size_t ts = 0, tf = 0, fs = 0, ff = 0;             // by a threshold on chrF++ …
  double success = kUnknown;                              // … where the task has one
};

/// Whether sentences whose source is nearer to the pivot's at a layer are translated better (Spearman, by sentence).
struct TranslationAlignmentResult {
  std::string language, target, metric, stream;
  int layer = 0;
  std::string quality;  // "log_prob" by token, or "chrfpp"
  Estimate spearman;
};

/// What a patch does to the reference's log-probability at one place, by sentence, and main less that control.
struct TranslationPatchResult {
  std::string language, target, site, position, control;
  int layer = 0;  // the block
  std::size_t items = 0, draws = 0;
  Estimate change;                         // less the clean run's
  Estimate difference;                     // main's less this control's; unknown for main itself
  double p = kUnknown, p_holm = kUnknown;  // over blocks and controls of a language, target, site and position
  std::size_t family = 0;
  std::size_t texts = 0;           // sentences whose text was generated under it
  double chrfpp = kUnknown;        // of those together …
  double chrfpp_clean = kUnknown;  // … and of the same ones without a patch
  std::map<std::string, std::size_t> languages_out;
};

struct TranslationAnalysis {
  std::vector<TranslationResult> translations;
  std::vector<TranslationAlignmentResult> alignment;
  std::vector<TranslationPatchResult> patches;
};
TranslationAnalysis translation_results(const Observations& observations, Bootstrap& bootstrap);

}  // namespace tertium
