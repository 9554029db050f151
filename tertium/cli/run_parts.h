#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/engine/engine.h"
#include "tertium/experiment/corpora.h"
#include "tertium/experiment/inputs.h"
#include "tertium/experiment/open_questions.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/translation.h"
#include "tertium/store/store.h"

namespace tertium {

// What `tertium run` does alone, and as one of several workers.

/// What a run is made of, once all of it is read.
struct Prepared {
  const Experiment& experiment;
  const std::vector<PreparedTask>& tasks;
  const std::vector<PreparedCorpus>& corpora;
  const std::vector<PreparedTranslation>& translations;
  const std::optional<PreparedQuestions>& questions;
  const Tokenizer& tokenizer;
  const Engine& engine;
  const InputHashes& hashes;

  Precision precision() const { return engine.model().precision(); }
};

/// The value of a key of `runs`.
std::optional<std::string> stored_info(const Store& store, std::string_view key);

/// Files what the run is, before it goes on.
void begin(Store& store, const Prepared& run);

/// All of it that is not done, with a line of progress.
RunOutcome go_through(const Prepared& run, Store& store, RunControl control, bool quiet);

/// Says how to go on, and ends the program as the signal does.
[[noreturn]] void end_stopped(const RunOutcome& outcome);
/// Throws Error telling of units that failed.
void demand_whole(const RunOutcome& outcome);

/// The time since it was made.
class RunTime {
 public:
  double so_far() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }
  /// Files them, added to those of the run's earlier goes, and commits.
  void store_in(Store& store, double before) const;

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};
/// Of earlier goes.
double stored_seconds(const Store& store);

}  // namespace tertium
