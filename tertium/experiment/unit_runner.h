#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tertium/experiment/run.h"
#include "tertium/experiment/stages.h"
#include "tertium/experiment/units.h"
#include "tertium/model/model.h"

namespace tertium {

/// What a work added, by its parts.
struct Tally {
  std::vector<int> rows, ties;
};

/// Thrown where a run is asked to stop; all units so far are committed.
struct Stopped {};

/// Computes units one after the other, each in one transaction.
class UnitRunner {
 public:
  UnitRunner(Store& store, const Model& model, const UnitPlanner& planner, const RunControl& control,
             RunOutcome& outcome);

  /// Adds a work's rows to the store, and tells how many of its members are done.
  using Compute = std::function<void(const Work& work, Tally& tally, const std::function<void(std::size_t)>& reached)>;

  /// All that is to be done. Where a unit meets an ItemError its members are tried one by one, and who fails is filed
  /// as failed; the others go on, unless the first few all fail, which throws the error. False if any failed. Throws
  /// Stopped.
  bool run(const Demand& demand, const WorkPlan& plan, Stage& stage, const Compute& compute);

 private:
  void file(const Demand& demand, const Work& work, const Tally& tally, double seconds, const std::string& error);

  Store& store_;
  const Model& model_;
  const UnitPlanner& planner_;
  const RunControl& control_;
  RunOutcome& outcome_;
};

}  // namespace tertium
