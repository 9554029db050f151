#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tertium/base/progress.h"
#include "tertium/experiment/experiment.h"
#include "tertium/experiment/run.h"
#include "tertium/translation/language_of.h"

namespace tertium {

class Engine;
struct UnitCount;

/// A translation task, every side with the same sentences. A sentence is an item whose one option is the reference, so
/// that what scores and patches options scores and patches translations. Nothing has run yet.
struct PreparedTranslation {
  TranslateSpec spec;
  PreparedLanguage pivot;
  std::vector<PreparedLanguage> others;
  PreparedLanguage pivot_elsewhere;  // the pivot's sentences asked into spec.other_target; without items unless asked
  std::vector<std::string> references;       // [items]
  std::vector<std::string> stops;            // texts that end an answer
  LanguageOf language_of;                    // of the task's languages, from sentences of its own files
  std::vector<std::filesystem::path> files;  // each once

  /// As units and stages know it: "translate deu_Latn", protocol loglik.
  TaskSpec as_task() const;
};

/// Reads and encodes the experiment's translation tasks. Throws Error naming file and line: files of different numbers
/// of sentences, too few of them, a prompt that is too long for the model with what may be generated.
std::vector<PreparedTranslation> prepare_translations(const Experiment& experiment, const Tokenizer& tokenizer,
                                                      const Limits& limits);

/// Throws Error for a place that the model does not have, and unless positions may be missing, for the first sentence
/// that lacks one; where other_target is asked for and no task has one.
void demand_patchable(const Experiment& experiment, const std::vector<PreparedTranslation>& translations,
                      const Config& config);

/// The stages of run_translations (stages.h).
std::vector<std::string> translation_stages(const PreparedTranslation& translation, const Experiment& experiment);

/// Scores references and translates, language by language; patches; compares the source sentences' states where the
/// experiment has [align]. Units (units.h) that are done are passed over.
void run_translations(const Experiment& experiment, const std::vector<PreparedTranslation>& translations,
                      const Tokenizer& tokenizer, const Engine& engine, Store& store, const Progress& progress,
                      const RunControl& control, RunOutcome& outcome);

/// What a translation task takes.
struct TranslationPlan {
  std::string target;
  std::size_t languages = 0, sentences = 0;  // the pivot is among the languages
  std::size_t together = 0;                  // the most texts that are generated at once
  std::size_t session_bytes = 0;             // keys and values that are then kept, at the most
  std::size_t patched_runs = 0;              // of all languages
  std::size_t patched_texts = 0;             // those of them that are gone on with
};
std::vector<TranslationPlan> plan_translations(const Experiment& experiment,
                                               const std::vector<PreparedTranslation>& translations,
                                               const Engine& engine);

/// Adds how many of their units are done, and how many there are.
void count_translations(const Experiment& experiment, const std::vector<PreparedTranslation>& translations,
                        const Engine& engine, const Store& store, const RunControl& control, UnitCount& count);

}  // namespace tertium
