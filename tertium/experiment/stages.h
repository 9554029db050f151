#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/base/progress.h"
#include "tertium/experiment/corpora.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/translation.h"
#include "tertium/store/store.h"

namespace tertium {

// A run goes in stages: scoring a language, aligning it, patching it in one direction. `runs` tells how far each is
// (docs/results.md), so that results which lack something say so.

/// "xcopa loglik it: scoring"
std::string stage_name(const TaskSpec& task, const std::string& language, std::string_view what);
// What a stage does.
inline constexpr std::string_view kScoring = "scoring", kAligning = "alignment", kAblating = "ablation";
std::string patching(const std::string& direction);

/// Files the stages of an experiment that are not known yet as not begun; `others`: by their names.
void plan_stages(Store& store, const Experiment& experiment, const std::vector<PreparedTask>& tasks,
                 const std::vector<PreparedCorpus>& corpora, const std::vector<PreparedTranslation>& translations = {},
                 const std::vector<std::string>& others = {});

/// Files all stages as not begun: of a worker, which knows nothing of what others did.
void forget_stages(Store& store);
/// Files a stage as one that waits for the answers of all items.
void put_off(Store& store, const std::string& stage);
/// Takes over how far the stages are in the results of workers. None is less far than the furthest of them.
void take_stages(Store& store, const std::vector<RunInfo>& workers);
/// Whether some stage waits so.
bool some_wait(const RunInfo& info);
/// Ends stages whose units, which several workers computed, are all done; files the ties that they had. Those with
/// units that are open or have failed have not ended. Whether all have.
bool settle_stages(Store& store);

/// Once a run has been through all stages: no unit is left to anybody.
void forget_open_units(Store& store);

/// A stage under way.
class Stage {
 public:
  enum class Filed { yes, no };  // whether `runs` tells of it

  /// Of `total` items.
  Stage(std::string name, std::size_t total, Store& store, const Progress& progress, Filed filed = Filed::yes);
  /// Tells progress.
  void reached(std::size_t done) const;
  /// Commits what was added, with how far the stage is. Throws Error as Store::commit does.
  void commit(std::size_t done);
  /// All is done.
  void end();

 private:
  void file(const std::string& state);

  std::string name_;
  std::size_t total_;
  Store& store_;
  const Progress& progress_;
  Filed filed_;
};

/// How far a stage is, by what `runs` says.
struct StageState {
  enum class Is { not_begun, under_way, done };

  std::string asked;     // "xcopa loglik"
  std::string language;  // "it"
  std::string what;      // "scoring"
  Is is = Is::not_begun;
  std::size_t done = 0, of = 0;  // under way: items, or units where workers were joined before all had ended
  bool counts_units = false;
  bool waits = false;  // not begun, since answers of other items are missing

  std::string name() const;
};
/// In the order in which they were planned.
std::vector<StageState> stage_states(const RunInfo& info);

/// How whole a run is.
struct Completeness {
  bool finished = false;
  std::vector<std::string> missing;  // stages that have not ended: "xcopa loglik it: scoring (12 of 100)"
};
Completeness completeness(const RunInfo& info);

/// Tells so in a few lines if a run has not finished; nothing if it has. `writer`: who goes on with it
/// (FolderLock::holder), if anybody does.
std::string told(const Completeness& completeness, const std::optional<std::string>& writer);

}  // namespace tertium
