#pragma once

#include <map>
#include <string>
#include <vector>

#include "tertium/base/progress.h"
#include "tertium/experiment/run.h"

namespace tertium {

struct Direction;
class Engine;
struct Experiment;
struct PreparedTask;
class Store;

/// What one control's patched runs take.
struct PatchCost {
  std::string control;
  std::size_t runs = 0;
  std::size_t strands = 0;
  std::size_t rows = 0;
  double operations = 0;  // see RowOperations
};

/// What patching one language in one direction takes.
struct LineupPlan {
  std::string task, protocol, language;
  const Direction* direction = nullptr;
  std::size_t pool = 0;   // the direction's items
  std::size_t items = 0;  // those of them that are patched
  PatchCost clean;        // their clean runs, on which the patched ones hang
  PatchCost givers;       // the clean runs whose activations go into them, where those are not kept on disk
  std::vector<PatchCost> controls;
  std::map<std::string, std::size_t> lacking, short_of_donors;  // see Lineup
};

struct PatchPlan {
  std::vector<LineupPlan> lineups;
  double operations_per_second = 0;  // measured
  std::size_t kept_bytes = 0;        // the most activations held at once: those of one unit
  ScratchBytes scratch;
};

/// What an experiment's [patch] will do, without doing it. Which items are patched depends on their answers: they are
/// taken from `results`, or scored. Throws Error where the experiment has no [patch], as demand_patchable does, and
/// where the results lack a score.
PatchPlan plan_patches(const Experiment& experiment, const std::vector<PreparedTask>& tasks, const Engine& engine,
                       const Store* results, const Progress& progress);

}  // namespace tertium
