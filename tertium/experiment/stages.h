#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/base/progress.h"
#include "tertium/experiment/corpora.h"
#include "tertium/experiment/run.h"
#include "tertium/model/model.h"
#include "tertium/store/store.h"

namespace tertium {

// A run goes in stages: scoring a language, aligning it, patching it in one direction. `runs` tells how far each is
// (docs/results.md), so that results which lack something say so.

/// "xcopa loglik it: scoring"
std::string stage_name(const TaskSpec& task, const std::string& language, std::string_view what);
// What a stage does.
inline constexpr std::string_view kScoring = "scoring", kAligning = "alignment";
std::string patching(const std::string& direction);

/// Files all stages of an experiment as not begun.
void plan_stages(Store& store, const Experiment& experiment, const std::vector<PreparedTask>& tasks,
                 const std::vector<PreparedCorpus>& corpora);

/// A stage under way. It tells progress, and commits what was added every few seconds, so that a run that is broken off
/// loses no more than that.
class Stage {
 public:
  static constexpr std::chrono::milliseconds kBetweenCommits{2000};

  /// `total` units of work, items as a rule.
  Stage(std::string name, std::size_t total, Store& store, const Model& model, const Progress& progress,
        std::chrono::milliseconds between_commits = kBetweenCommits);
  /// Rows of the first `done` units have been added. Throws Error as Store::commit and Model::demand_unchanged do.
  void reached(std::size_t done);
  /// All rows have been added; commits them.
  void end();

 private:
  void commit(const std::string& state);

  std::string name_;
  std::size_t total_;
  Store& store_;
  const Model& model_;
  const Progress& progress_;
  std::chrono::milliseconds between_commits_;
  std::chrono::steady_clock::time_point committed_ = std::chrono::steady_clock::now();
};

/// How whole a run is.
struct Completeness {
  bool finished = false;
  std::vector<std::string> missing;  // stages that have not ended: "xcopa loglik it: scoring (12 of 100)"
};
Completeness completeness(const RunInfo& info);

/// Tells so in a few lines if a run has not finished; nothing if it has.
std::string told(const Completeness& completeness);

}  // namespace tertium
