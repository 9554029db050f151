#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "tertium/cluster/shares.h"
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

/// How a stage's works are shared among workers; without functions, others hear only that a work is done.
struct Sharing {
  Needed needed = Needed::by_none;
  /// What others need of a work that this worker did: of its part 0, where it has that one.
  std::function<std::string(const Work& work)> give = {};
  /// Adds the rows of that part of a work that another did. The members that failed there.
  std::function<std::set<std::size_t>(const Work& work, const std::string& given, Tally& tally)> adopt = {};
};

/// Computes units one after the other, each in one transaction.
class UnitRunner {
 public:
  UnitRunner(Store& store, const Model& model, const UnitPlanner& planner, const RunControl& control,
             RunOutcome& outcome);

  /// Adds a work's rows to the store, and tells how many of its members are done.
  using Compute = std::function<void(const Work& work, Tally& tally, const std::function<void(std::size_t)>& reached)>;

  /// All that is to be done. Where a unit meets an ItemError its members are tried one by one, and who fails is filed
  /// as failed; the others go on, unless the first few all fail, which throws the error. Of works that other workers
  /// do, those that all need are waited for, and taken over where their worker has died. False if any failed, or is not
  /// known to be done. Throws Stopped.
  bool run(const Demand& demand, const WorkPlan& plan, Stage& stage, const Compute& compute,
           const Sharing& sharing = {});

 private:
  /// A stage's works under way.
  struct Pass {
    const Demand& demand;
    Stage& stage;
    const Compute& compute;
    const Sharing& sharing;
    std::size_t done = 0;  // members; where parts are apart, of each of them
  };

  /// The works that are to be shared, each without the parts that this worker has stored already.
  std::vector<Work> shared(Pass& pass, const std::vector<Work>& works);
  // Whether all members are done.
  bool do_work(Pass& pass, const Work& work);
  bool do_alone(Pass& pass, const Work& work);
  bool adopt(Pass& pass, const Work& work, const std::string& given);
  /// Those that others took at first. False if some are not done.
  bool await(Pass& pass, std::vector<Work> works);

  void file(const Demand& demand, const Work& work, const std::string& state, const Tally& tally, double seconds = 0,
            const std::string& error = "");
  void forget(const Work& work);
  void demand_going_on() const;

  Store& store_;
  const Model& model_;
  const UnitPlanner& planner_;
  const RunControl& control_;
  RunOutcome& outcome_;
};

}  // namespace tertium
