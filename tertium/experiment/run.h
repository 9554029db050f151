#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tertium/base/progress.h"
#include "tertium/experiment/experiment.h"
#include "tertium/model/tuned_lens.h"
#include "tertium/protocols/question.h"
#include "tertium/store/store.h"

namespace tertium {

struct Config;
class Engine;
struct KeptIntervention;  // experiment/kept_intervention.h
struct PreparedCorpus;    // experiment/corpora.h
class Shares;

/// The items of one language as the model is asked them, in token ids. Nothing has run yet.
struct PreparedLanguage {
  std::string language;
  std::vector<Item> items;
  std::vector<Question> questions;  // [items]
  std::vector<Question>
      statements;  // [items] for alignment; empty where the questions' own context and options are the statements
  std::vector<Question> premises;  // [items] the premise as context, without options
  const KeptIntervention* intervention = nullptr;  // what is done to all its runs
};

/// One task in the pivot and in the other languages, parallel; asked in several orders of its options, once for each.
struct PreparedTask {
  TaskSpec spec;
  PreparedLanguage pivot;
  std::vector<PreparedLanguage> others;
  std::vector<std::string> left_out;  // ids of items too long for the model in one of a task's languages or protocols
  std::vector<std::filesystem::path>
      files;  // all that decide numbers, each once: items, examples, prompt and chat template
};

/// Reads and encodes everything an experiment asks, so that bad data ends it before the first run. Throws Error naming
/// file, line or item.
std::vector<PreparedTask> prepare(const Experiment& experiment, const Tokenizer& tokenizer, const Config& config);

/// Encodes what it can of one language, whatever `task.too_long` says: an item that cannot be asked goes to `problem`
/// with the message instead, and the ids of those that are too long to `too_long`, though they stay. Statements
/// are encoded but not kept. `examples`: of each item, or none. Throws Error for what concerns all items, such as the
/// prompt's file.
PreparedLanguage prepare_leniently(const TaskSpec& task, const Experiment& experiment, const Tokenizer& tokenizer,
                                   const Limits& limits, const std::vector<Item>& items,
                                   const std::vector<std::vector<Item>>& examples, std::set<std::string>& too_long,
                                   const std::function<void(const Item& item, const std::string& message)>& problem);

/// Called with what a user should know before the work that it is about begins: one line.
using Notice = std::function<void(const std::string&)>;

/// How a run goes, which decides no number.
struct RunControl {
  Notice notice = [](const std::string&) {};
  std::function<bool()> stop = {};  // asked between units: whether to end here
  std::string fingerprint = {};     // of the model and whatever else decides all numbers (resume.h)
  double unit_rows = 0;             // that a unit has about; 0: as many as take some seconds
  std::string worker = "0";
  std::optional<TunedLens> tuned = {};  // of the experiment's file; absent: it is read where it is needed
  const std::vector<PreparedCorpus>* corpora = nullptr;  // the experiment's, whose sentences repairs may be fitted on

  // Where several workers share the run (tertium/cluster); all of them must cut it into the same units.
  Shares* shares = nullptr;
  std::vector<UnitRow> known = {};     // the units that all of them know to be done
  std::set<std::string> own = {};      // those that this one has stored already, as it knows alone
  std::filesystem::path scratch = {};  // of files that all of them see

  std::vector<UnitRow> known_in(const Store& store) const { return shares ? known : store.units(); }
};

/// How a run went.
struct RunOutcome {
  std::size_t computed = 0;           // units
  std::vector<std::string> failures;  // the errors of those that failed
  bool stopped = false;
};

/// Runs all of it that is not done: scores, alignment, patches, language by language, unit by unit (units.h), each
/// committed alone. States lie in `scratch` in the store's folder meanwhile. Throws Error for patches that the model or
/// an item has no place for (demand_patchable), before anything runs.
RunOutcome run_experiment(const Experiment& experiment, const std::vector<PreparedTask>& tasks, const Engine& engine,
                          Store& store, const Progress& progress, const RunControl& control = {});

struct UnitCount;  // units.h
/// Without running anything.
UnitCount count_units(const Experiment& experiment, const std::vector<PreparedTask>& tasks, const Engine& engine,
                      Store& store, const RunControl& control);

/// Of items that the results hold: those that are asked otherwise now, or no more; a few words each. Without a model.
std::vector<std::string> changed_items(const Experiment& experiment, const std::vector<PreparedTask>& tasks,
                                       const Store& store, const std::string& fingerprint);

/// What a run keeps on the disk of its results at the most: states that alignment compares, activations that patches
/// take.
struct ScratchBytes {
  double states = 0, activations = 0;
};
ScratchBytes scratch_bytes(const Experiment& experiment, const std::vector<PreparedTask>& tasks, const Config& config);
/// Throws Error if it has no room for those that must lie there.
void demand_room(const Experiment& experiment, const std::vector<PreparedTask>& tasks, const Config& config,
                 const std::filesystem::path& folder);

}  // namespace tertium
