#include "tertium/analysis/results.h"

#include <cmath>

#include "tertium/analysis/ablation_results.h"
#include "tertium/analysis/across.h"
#include "tertium/analysis/alignment_results.h"
#include "tertium/analysis/conclusions.h"
#include "tertium/analysis/corpus_results.h"
#include "tertium/analysis/flip_results.h"
#include "tertium/analysis/language_results.h"
#include "tertium/analysis/layer_choice.h"
#include "tertium/analysis/lens_results.h"
#include "tertium/analysis/regression.h"
#include "tertium/analysis/repair_results.h"

namespace tertium {

double AlignmentResult::p() const {
  if (!is_binary) return mann_whitney_p;
  return std::isnan(clustered_p) ? fisher_p : clustered_p;
}

Analysis analyse(const Observations& observations, const AnalysisOptions& options) {
  Analysis analysis{.pivot = observations.pivot, .noise_floor = observations.noise_floor};
  Bootstrap bootstrap({.seed = options.seed});
  analysis.languages = language_results(observations, bootstrap);
  analysis.alignment = alignment_results(observations, options);
  analysis.layer_choice = layer_choices(observations, options);
  analysis.across = across_results(observations, options, bootstrap);
  analysis.flips = flip_results(observations, bootstrap);
  analysis.places = place_results(analysis.flips);
  analysis.ablations = ablation_results(observations, bootstrap);
  analysis.ablated_alignment = ablated_alignment_results(observations, bootstrap);
  if (options.preset == Preset::tertium) analysis.regression = regression_results(observations);
  analysis.lens = lens_results(observations, bootstrap);
  analysis.repairs = repair_results(observations, bootstrap);
  analysis.translation = translation_results(observations, bootstrap);
  analysis.repaired_alignment = repaired_alignment_results(observations, bootstrap);
  analysis.corpora = observations.corpora;
  analysis.nearest = corpus_results(observations);
  Conclusions found = conclusions(observations, analysis, options);
  analysis.conclusions = std::move(found.all);
  analysis.in_short = std::move(found.in_short);
  return analysis;
}

}  // namespace tertium
