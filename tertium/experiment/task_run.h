#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/engine/engine.h"
#include "tertium/experiment/ablation_units.h"
#include "tertium/experiment/item_keys.h"
#include "tertium/experiment/language_activations.h"
#include "tertium/experiment/language_means.h"
#include "tertium/experiment/language_states.h"
#include "tertium/experiment/lineup_units.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/stages.h"
#include "tertium/experiment/unit_runner.h"
#include "tertium/experiment/units.h"
#include "tertium/metrics/metric.h"
#include "tertium/model/tuned_lens.h"

namespace tertium {

struct ChosenRepair;  // experiment/repair_run.h
struct FittedTexts;
struct RepairedStatements;

/// How a run reads its lens.
struct LensRun {
  std::optional<TunedLens> tuned;

  const TunedLens* translators() const { return tuned ? &*tuned : nullptr; }
};

/// A task whose units are planned, and run where that is asked for.
class TaskRun {
 public:
  struct Common {
    const Experiment& experiment;
    const Engine& engine;
    Store& store;
    const Progress& progress;
    const RunControl& control;
    const UnitPlanner& planner;
    UnitRunner& runner;
    const std::vector<const Metric*>& metrics;
    const PatchMenu* menu;
    const LensRun* lens;                              // null without one
    const std::filesystem::path& states_folder;       // empty where states find no room
    const std::filesystem::path& activations_folder;  // and where activations find none
    double most_rows;
  };

  TaskRun(const Common& common, const PreparedTask& task, bool align);

  void run();

  /// Without running anything.
  void count(UnitCount& count);

 private:
  const Config& config() const { return common_.engine.model().config(); }

  const ItemKeys& keys(const PreparedLanguage& language);

  LanguageStates& states(const PreparedLanguage& language);
  LanguageActivations& activations(const PreparedLanguage& language);
  /// Whether an item of a language that is being scored may come to be patched.
  std::function<bool(std::size_t item)> may_be_patched(const PreparedLanguage& language) const;

  /// What is not asked for again.
  void forget(const PreparedLanguage& language);

  Stage stage(const PreparedLanguage& language, std::string_view what, std::size_t total,
              Stage::Filed filed = Stage::Filed::yes) const;

  /// Whether all items have scores now.
  bool score(const PreparedLanguage& language);

  Demand scoring(const PreparedLanguage& language);

  int store_scores(const PreparedLanguage& language, std::size_t i, const std::vector<double>& scores) const;

  int store_lens(const PreparedLanguage& language, const Work& work,
                 const std::vector<std::vector<float>>& streams) const;

  // ---- alignment: at every stream index and behind the final norm

  Demand items_demand(const PreparedLanguage& language);
  Demand corpus_demand(const PreparedLanguage& language);

  void add_alignment(const PreparedLanguage& language, std::size_t item, const std::string& metric, std::size_t index,
                     const Measured& measured, std::size_t part, Tally& tally) const;

  void align(const PreparedLanguage& language);

  void align_corpus(const PreparedLanguage& language, const Demand& demand, const Work& work, Tally& tally);

  void file_ties(const PreparedLanguage& language) const;

  // ---- ablations (task_interventions.cc)

  /// The items that are asked; nothing where that hangs on answers of the pivot that are missing.
  std::optional<std::vector<std::size_t>> ablated_items(const PreparedLanguage& language) const;
  AblationUnits ablations_of(const PreparedLanguage& language, std::vector<std::size_t> items);

  void ablate(const PreparedLanguage& language);

  /// Metrics that compare all items with each other, with the parts taken out.
  bool ablate_corpus(const PreparedLanguage& language, const AblationUnits& units);

  void store_ablated(const PreparedLanguage& language, std::size_t item, const AblationKey& key, const Metric& metric,
                     std::size_t index, double value) const;

  /// Scores and alignment of one item under one ablation; how many rows.
  int store_ablation(const PreparedLanguage& language, const AblationUnits::Run& run) const;

  // ---- repair (task_interventions.cc)

  const PreparedLanguage* repair_control(const PreparedLanguage& language) const;
  FittedTexts repairs_fitted_on(const PreparedLanguage& language) const;
  Demand repairs(const PreparedLanguage& language);
  /// The metrics of a tried item behind the repaired block.
  void store_repaired(const PreparedLanguage& language, const std::string& kind, const RepairedStatements& of) const;
  void forget_repaired(const PreparedLanguage& language, const std::string& kind) const;
  void repair(const PreparedLanguage& language);
  /// As a file beside the results, with where it comes from.
  void keep_repair(const PreparedLanguage& language, const std::string& kind, const ChosenRepair& chosen) const;

  // ---- patches

  LineupUnits units_of(const LanguagePair& pair, const Lineup& lineup);

  void patch(const PreparedLanguage& language, bool all_scored);

  void patch(const LanguagePair& pair, const Lineup& lineup, const LineupUnits& units);

  int store_patch(const PreparedLanguage& language, const std::string& direction, const PatchedRun& patched,
                  const std::vector<double>& scores) const;

  /// The sums that some controls need; false if some could not be made.
  bool average(const LanguagePair& pair, const Lineup& lineup, const LineupUnits& units, MeansPair& means);

  /// Tells of items that a direction leaves out and of pools too small for a control, before it runs.
  void tell_shortages(const std::string& key, const Lineup& lineup) const;

  const Common& common_;
  const PreparedTask& task_;
  const bool align_;
  std::map<const PreparedLanguage*, ItemKeys> keys_;
  std::map<const PreparedLanguage*, std::unique_ptr<LanguageStates>> states_;
  std::map<const PreparedLanguage*, std::unique_ptr<LanguageActivations>> activations_;
  std::map<const PreparedLanguage*, Beginnings> beginnings_;                 // of its prompts
  std::map<const PreparedLanguage*, std::unique_ptr<LanguageMeans>> means_;  // that ablations take
};

}  // namespace tertium
