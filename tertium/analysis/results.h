#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tertium/analysis/observations.h"
#include "tertium/analysis/translation_results.h"
#include "tertium/stats/bootstrap.h"
#include "tertium/stats/estimate.h"
#include "tertium/stats/two_rates.h"

namespace tertium {

// The tables of an analysis, a struct a row. What is undefined is NaN. Sections are those of docs/methods.md.

/// How a language answered (section 2).
struct LanguageResult {
  TaskLanguage of;
  bool is_pivot = false;  // all four transfers are 0 there
  std::size_t n = 0, correct = 0;
  Estimate accuracy;
  std::string rule;                       // by which an answer counts as right
  std::map<std::string, double> by_rule;  // accuracy by "acc", "acc_norm" and "acc_bytes", in loglik
  std::size_t ts = 0, tf = 0, fs = 0, ff = 0;
  std::size_t undecided = 0;     // items with two options of one text: in none of those four
  std::size_t options = 0;       // of every item; 0 where they differ or are unknown
  double detectable = kUnknown;  // the smallest difference of rates between TS and TF that 80 % of such samples show
};

/// One metric at one layer, TS against TF (section 6).
struct AlignmentResult {
  TaskLanguage of;
  std::string metric, stream;
  int layer = 0;
  bool is_binary = true;  // the metric's values are 0 or 1 at every layer, else real
  Counts ts, tf;          // of a real metric, n alone
  double ts_mean = kUnknown, tf_mean = kUnknown;
  double mean = kUnknown;      // over all items, which the study chooses its layer by
  Estimate difference;         // of the means; of a real metric, without interval
  double fisher_p = kUnknown;  // two-sided
  PooledZ z;
  double clustered_p = kUnknown;  // where units hold several items, which Fisher's test takes as independent
  Estimate auc;                   // of a real metric: the chance that TS is above TF
  double mann_whitney_p = kUnknown;
  double p_bh = kUnknown;  // of p(), over layers and languages
  std::size_t family = 0;

  /// The one to read: clustered_p, fisher_p or mann_whitney_p.
  double p() const;
};

/// TS against TF at a layer that was chosen by a rule.
struct LayerChoiceResult {
  TaskLanguage of;
  std::string metric, rule;
  int layer = -1;  // -1 where the rule chooses none or several
  double difference = kUnknown, z = kUnknown, p = kUnknown;
  double p_holm = kUnknown, p_bh = kUnknown;  // over languages
  std::size_t family = 0;
};

/// One language of a correlation.
struct AcrossPoint {
  std::string language;
  double alignment = kUnknown, accuracy = kUnknown;
};

/// Accuracy against alignment over languages.
struct AcrossResult {
  std::string task, protocol, metric, aggregate;
  std::size_t n = 0;
  Estimate pearson;
  double pearson_p = kUnknown;
  Estimate spearman;
  double pearson_low = kUnknown, pearson_high = kUnknown;  // the range when each language is left out in turn
  std::vector<AcrossPoint> points;
};

/// One control at one place, and main on the same items (sections 5 and 6).
struct FlipResult {
  TaskLanguage of;
  PatchKey key;
  int layer = 0;
  std::string control;
  std::size_t items = 0, draws = 0;  // items that have both; the most draws of one of them
  std::size_t without_donor = 0;     // items that main was put into, but this control not
  Estimate rate;
  double main_rate = kUnknown;
  Estimate difference;                             // main less control, by item; unknown for main itself
  std::int64_t only_main = -1, only_control = -1;  // with one draw; else -1
  double p = kUnknown, p_bh = kUnknown;            // over layers and languages
  std::size_t family = 0;
  double detectable = kUnknown;  // the smallest such difference that 80 % of such samples show
  Estimate recovery;
  std::size_t copied = 0, may_copy = 0;  // answers, of all draws: turned to the donor's gold
};

/// Main at one place against the strongest of its controls.
struct PlaceResult {
  TaskLanguage of;
  PatchKey key;
  int layer = 0;
  std::size_t items = 0;  // of main
  double rate = kUnknown;
  std::string strongest;   // of the controls that were put in for a claim: all but self
  Estimate difference;     // main less that one
  double p = kUnknown;     // the largest of the controls': main is above all of them, or it proves nothing
  double p_bh = kUnknown;  // over layers and languages
  std::size_t family = 0;
  double noise_rate = kUnknown;  // items that patching with themselves flips: rounding
  Estimate recovery;
};

/// How a language answers with one place of the model taken out, or with what its control takes out in its stead
/// (section 10). An item's value under a control is its mean over draws.
struct AblationResult {
  TaskLanguage of;
  AblationKey key;  // control: "main" or "random"
  std::size_t items = 0, draws = 0;
  Estimate accuracy, change;             // change: less the clean one, by item
  Estimate difference;                   // of a control: main less it, by item
  double p = kUnknown, p_bh = kUnknown;  // of the change; of a control, of the difference; over places and languages
  std::size_t family = 0;
  double detectable = kUnknown;  // the smallest such change or difference that 80 % of such samples show
  Estimate margin_change;
  std::size_t ts = 0, tf = 0;  // 0 of the pivot
  Estimate ts_kept, tf_repaired;
};

/// A metric with the model changed: means over the stream indices behind the block. Difference and p as above.
struct AlignmentEffect {
  std::size_t items = 0, draws = 0;
  double clean = kUnknown, changed = kUnknown;
  Estimate change, difference;
  double p = kUnknown;
};
struct AblatedAlignmentResult : AlignmentEffect {
  TaskLanguage of;
  AblationKey key;
  std::string metric;
  double p_bh = kUnknown;
  std::size_t family = 0;
};

/// Of a logistic regression: log odds.
struct RegressionTerm {
  std::string term;
  double value = kUnknown, error = kUnknown, z = kUnknown, p = kUnknown;
};

/// correct ~ aligned + tokens + English margin + language, of one metric at its chosen layers.
struct RegressionResult {
  std::string task, protocol, metric;
  bool is_binary = true;  // as of AlignmentResult
  std::size_t n = 0, units = 0;
  std::vector<RegressionTerm> coefficients;
  std::string note;  // why there are none
};

/// How near a language is to the pivot on a parallel corpus, where MEXA is largest (section 12).
struct CorpusResult {
  std::string corpus, language, pooling;
  int layer = 0;    // stream index
  Estimate mexa;    // of sentences, which are its units; where the layer was chosen, the interval does not know of it
  double mean = 0;  // of MEXA over the stream's layers
  double chance = kUnknown;
  std::map<std::string, double> beside;  // every measure at that layer that is defined
};

/// What stands at the row that predicts the answer, at one layer (section 8).
struct LensResult {
  TaskLanguage of;
  std::string group;  // "all", "TS" or "TF"
  int layer = 0;      // stream index
  std::size_t n = 0;
  std::size_t differ = 0;                   // items whose options begin with different words …
  Estimate right;                           // … and the share of those whose gold stands highest
  std::size_t pivot_differs = 0;            // items whose gold begins with another word in the pivot …
  Estimate pivot_above;                     // … and the share of those where that one stands higher
  double own = kUnknown, pivot = kUnknown;  // means of the golds' log-probabilities
  double entropy = kUnknown;                // mean, in bits
};

/// A repair on the items that it was not fitted on, or what it is held against (section 11): a control, "none", or, to see
/// its harm, the pivot's own run ("pivot").
struct RepairResult {
  TaskLanguage of;
  std::string repair, control;
  int layer = 0;  // the block
  double alpha = 0;
  std::size_t n = 0;
  Counts repaired;         // TF items that turn right; in the pivot its wrong ones
  Counts broken;           // TS items that turn wrong; in the pivot its right ones
  Estimate before, after;  // accuracy
  Estimate difference;     // main's accuracy less this one's, by item; unknown for main itself and the pivot
  double p = kUnknown, p_holm = kUnknown;  // over languages, repairs and controls
  std::size_t family = 0;
  double detectable = kUnknown;
};

/// A metric of the items that a repair was tried on, under main or a control.
struct RepairedAlignmentResult : AlignmentEffect {
  TaskLanguage of;
  std::string repair, control;
  int layer = 0;
  double alpha = 0;
  std::string metric;
  double p_holm = kUnknown;  // over languages, repairs and controls, of each metric
  std::size_t family = 0;
};

struct Analysis {
  std::string pivot;  // empty where unknown
  std::vector<LanguageResult> languages;
  std::vector<AlignmentResult> alignment;
  std::vector<LayerChoiceResult> layer_choice;
  std::vector<AcrossResult> across;
  std::vector<FlipResult> flips;
  std::vector<PlaceResult> places;
  std::vector<AblationResult> ablations;
  std::vector<AblatedAlignmentResult> ablated_alignment;
  std::vector<RegressionResult> regression;
  std::vector<LensResult> lens;
  std::vector<RepairResult> repairs;
  TranslationAnalysis translation;
  std::vector<RepairedAlignmentResult> repaired_alignment;
  std::vector<CorpusRow> corpora;  // as stored: every layer and measure
  std::vector<CorpusResult> nearest;
  double noise_floor = kUnknown;
  std::vector<std::string> conclusions;  // sentences
  std::vector<std::string> in_short;     // the first of them to know, in few words
};

/// Which statistics.
enum class Preset {
  tertium,
  study,  // 2504.09378v1: layers 0..L-1, its own choice of layer, one-sided z, no correction, the maximum over layers
};

struct AnalysisOptions {
  Preset preset = Preset::tertium;
  std::uint64_t seed = BootstrapOptions{}.seed;
};

Analysis analyse(const Observations& observations, const AnalysisOptions& options = {});

}  // namespace tertium
