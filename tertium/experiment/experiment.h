#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tertium/patching/ablation.h"
#include "tertium/patching/patch_spec.h"
#include "tertium/protocols/protocol.h"
#include "tertium/tasks/item_choice.h"
#include "tertium/tasks/open_answers.h"
#include "tertium/tasks/orders.h"
#include "tertium/tasks/shots.h"
#include "tertium/tasks/task.h"

namespace tertium {

/// What becomes of an item that is too long for the model: it ends the run before anything has run, loses tokens at its
/// beginning, or is left out in all languages and protocols.
enum class TooLong { error, cut, leave_out };

/// One [[task]] table.
struct TaskSpec {
  std::string name;
  std::filesystem::path data;
  std::string split;                   // empty: the task's own default
  std::vector<std::string> languages;  // without the pivot
  Protocol protocol = Protocol::loglik;
  ScoreRule rule = ScoreRule::sum;  // loglik: which number decides
  std::filesystem::path prompt;     // letters: the template file; empty for the built-in one
  bool chat = false;                // letters: the prompt is a user's turn, written by the model's chat template
  ItemChoice choice;
  TextRules rules;
  ShotsSpec shots;
  TooLong too_long = TooLong::error;

  // Letters: symbol binding.
  std::vector<std::string> symbols;  // instead of the template's letters
  Orders orders;
  // Of a prepared task, which is asked in one of the orders.
  OptionOrder order;
  std::string variant;  // symbols and order, "QZRX:2031"; empty: those of the template

  /// How results name the protocol: "loglik:norm", "letters", or with its variant "letters:QZRX:2031".
  std::string stored_protocol() const;
};

/// How the states of a sentence's tokens become one.
enum class Pooling {
  weighted,  // token t = 1..T counts t times
  last,
  mean,
};
std::string_view to_string(Pooling pooling);

/// A [[task]] table named "parallel": how near the states of a parallel corpus are, all sentences together.
struct CorpusSpec {
  std::filesystem::path data;
  std::string split;                         // empty: the first that is there
  std::vector<std::string> languages;        // without the pivot
  std::map<std::string, std::string> files;  // what the files call a language, where that is not its name
  std::size_t offset = 0;
  std::optional<std::size_t> limit = 100;
  std::vector<Pooling> poolings = {Pooling::weighted, Pooling::last, Pooling::mean};

  /// How results name it: "flores200", or with a split "flores200.dev".
  std::string corpus() const;
};

/// The pivot, then the others.
std::vector<std::string> with_pivot(const std::string& pivot, const std::vector<std::string>& others);

/// A control of translations, which is none of patching/controls, since its donors are no items of a language: what is
/// put in comes from the pivot's run of the same sentence into another target.
inline constexpr char kOtherTarget[] = "other_target";

/// A [[task]] table named "translate" (docs/methods.md, section 12): source languages, the pivot beside, into one
/// target.
struct TranslateSpec {
  CorpusSpec text;  // the sentences; its languages are the sources without the pivot
  std::string target;
  std::string other_target;                  // of control other_target; empty: none
  std::map<std::string, std::string> names;  // what prompts call pivot, sources and targets
  int shots = 0;
  std::filesystem::path shots_data;         // empty: the sentences' own
  std::string shots_split;                  // empty: the same; both empty: of the sentences' own file
  std::optional<std::uint64_t> shots_seed;  // absent: the first lines
  std::filesystem::path prompt;             // the template file; empty for the built-in one
  bool chat = false;                        // the prompt is a user's turn, written by the model's chat template
  int most_tokens = 256;                    // generated
  std::optional<double> success;            // chrF++ from which on a translation counts as right

  /// How units and reports name it: "translate deu_Latn".
  std::string task() const { return "translate " + target; }
};

/// A [[task]] table named "generate": questions that the model answers in its own words.
struct GenerateSpec {
  std::filesystem::path data;          // <language>.jsonl
  std::vector<std::string> languages;  // without the pivot
  AnswerMatch match = AnswerMatch::exact;
  bool chat = false;
  int most_tokens = 32;
  std::vector<std::string> stops = {"\n"};
  std::optional<std::size_t> limit;
};

/// [lens]: what the state that predicts the answer says at every layer.
struct LensSpec {
  std::filesystem::path tuned;  // a tuned lens' translators; empty: the plain logit lens
};

/// [repair]: maps of another language's states onto the pivot's, fitted on some items and tried on the others.
struct RepairSpec {
  std::vector<std::string> kinds;  // repair_kinds()
  double fit = 0.5;                // the share of items that is fitted on
  std::string corpus;              // a parallel task whose sentences are fitted on instead; by CorpusSpec::corpus()
  std::vector<double> alphas = {0.5, 1};
  std::optional<std::vector<int>> blocks;  // all without it
  int rank = 8;                            // of low_rank
  std::vector<std::string> controls;       // repair_controls()
  std::uint64_t seed = 42;
};
const std::vector<std::string>& repair_kinds();
const std::vector<std::string>& repair_controls();

/// What a run does: the experiment file (docs/experiment.md).
struct Experiment {
  std::filesystem::path model;
  std::filesystem::path adapter;       // empty: none
  std::filesystem::path intervention;  // a repair that an earlier run kept; empty: none
  std::string dtype = "auto";
  std::string pivot = "en";
  std::vector<TaskSpec> tasks;
  std::vector<CorpusSpec> corpora;
  std::vector<TranslateSpec> translations;
  std::optional<GenerateSpec> open_answers;
  std::vector<std::string> metrics;  // of [align]; empty without it
  std::optional<PatchSpec> patch;    // without [patch] nothing is patched
  std::optional<LensSpec> lens;
  std::optional<AblateSpec> ablate;  // without [ablate] nothing is ablated
  std::optional<RepairSpec> repair;
  std::string text;  // the whole of it, after --set, as TOML

  /// Where the adapter lies (find_adapter); empty if there is none.
  std::filesystem::path found_adapter() const;
};

/// Reads an experiment file; `settings` are key=value pairs that replace or add keys ("patch.draws=3"; "task.limit=20"
/// for every task, "task.1.limit=20" for the second). Paths in the file are relative to its folder, those in settings
/// to the current one. Throws Error naming file, line and key for an unknown key (with the nearest known one), a wrong
/// type or value.
Experiment read_experiment(const std::filesystem::path& file, const std::vector<std::string>& settings);

/// That of an earlier run, from Experiment::text. `origin` is for errors.
Experiment stored_experiment(const std::string& text, const std::string& origin);

}  // namespace tertium
