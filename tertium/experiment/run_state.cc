#include "tertium/experiment/run_state.h"

#include <algorithm>
#include <map>

#include "tertium/experiment/units.h"
#include "tertium/store/folder_lock.h"
#include "tertium/store/store.h"

namespace tertium {
namespace {

/// Whether a unit is one of a stage's.
bool belongs(const UnitRow& unit, const StageState& stage) {
  if (unit.language != stage.language) return false;
  // Alignment depends on no protocol, and is a stage of the first in which its task is asked.
  const bool of_task = unit.protocol.empty() ? stage.asked == unit.task || stage.asked.starts_with(unit.task + " ")
                                             : stage.asked == unit.task + " " + unit.protocol;
  if (!of_task) return false;
  if (unit.stage == kMeans || unit.stage == kPatched) return stage.what == patching(unit.direction);
  return unit.task == stage.asked || stage.what == unit.stage;  // a corpus has one stage, whatever its name
}

/// What a stage's units took.
struct TimeTaken {
  double seconds = 0;
  bool any = false;
};

TimeTaken taken_by(const StageState& stage, const std::vector<UnitRow>& units) {
  TimeTaken taken;
  for (const UnitRow& unit : units) {
    if (unit.state != kUnitDone || !belongs(unit, stage)) continue;
    taken.seconds += unit.seconds;
    taken.any = true;
  }
  return taken;
}

/// Seconds of stages of one kind, whole ones or as they will be.
class Kinds {
 public:
  void add(const StageState& stage, double seconds) {
    for (const std::string& kind : {stage.asked + ": " + stage.what, stage.what}) {
      auto& [sum, count] = kinds_[kind];
      sum += seconds;
      ++count;
    }
  }
  /// Of a stage that has no units, those of the same task and protocol, else of any.
  std::optional<double> of(const StageState& stage) const {
    for (const std::string& kind : {stage.asked + ": " + stage.what, stage.what})
      if (const auto found = kinds_.find(kind); found != kinds_.end())
        return found->second.first / found->second.second;
    return std::nullopt;
  }

 private:
  std::map<std::string, std::pair<double, int>> kinds_;
};

/// Speeds of the stages, then what is left.
void add_speeds(RunState& state, const std::vector<UnitRow>& units) {
  Kinds kinds;
  for (StageSpeed& one : state.stages) {
    const TimeTaken taken = taken_by(one.stage, units);
    if (!taken.any) continue;
    if (one.stage.is == StageState::Is::done) kinds.add(one.stage, taken.seconds);
    if (one.stage.is != StageState::Is::under_way || one.stage.done == 0 || taken.seconds <= 0) continue;
    one.per_second = static_cast<double>(one.stage.done) / taken.seconds;
    one.seconds_left = static_cast<double>(one.stage.of - std::min(one.stage.done, one.stage.of)) / *one.per_second;
    kinds.add(one.stage, static_cast<double>(one.stage.of) / *one.per_second);
  }
  for (StageSpeed& one : state.stages) {
    if (one.stage.is == StageState::Is::done) continue;
    if (!one.seconds_left) one.seconds_left = kinds.of(one.stage);
    if (one.seconds_left)
      state.seconds_left = state.seconds_left.value_or(0) + *one.seconds_left;
    else
      ++state.unknown;
  }
}

void add_units(RunState& state, const std::vector<UnitRow>& units) {
  std::map<std::string, WorkerState> workers;
  for (const UnitRow& unit : units) {
    if (unit.state == kUnitFailed) {
      ++state.failed;
      // Units that are computed together fail together.
      if (std::ranges::find(state.failures, unit.error) == state.failures.end()) state.failures.push_back(unit.error);
    }
    if (unit.state != kUnitDone) continue;
    ++state.units;
    WorkerState& worker = workers[unit.worker];
    worker.name = unit.worker;
    ++worker.units;
    worker.seconds += unit.seconds;
  }
  for (auto& [name, worker] : workers) state.workers.push_back(std::move(worker));
}

}  // namespace

std::size_t RunState::stages_done() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(stages, [](const StageSpeed& one) { return one.stage.is == StageState::Is::done; }));
}

RunState run_state(const std::filesystem::path& folder) {
  RunState state;
  // Before the results: who ends in between has written its last by then.
  state.writer = FolderLock::holder(folder).value_or("");
  const Store store = Store::open(folder);
  const RunInfo info = store.info();
  const std::map<std::string, std::string> known(info.begin(), info.end());
  const auto value = [&](const char* key) {
    const auto found = known.find(key);
    return found == known.end() ? std::string() : found->second;
  };
  state.model = value("model");
  state.started = value("started");
  state.continued = value("continued");
  state.finished = value("finished");
  state.is = completeness(info).finished ? RunState::Is::finished
             : state.writer.empty()      ? RunState::Is::ended
                                         : RunState::Is::running;
  for (StageState& stage : stage_states(info)) state.stages.push_back({std::move(stage), {}, {}});
  const std::vector<UnitRow> units = store.units();
  add_speeds(state, units);
  add_units(state, units);
  return state;
}

}  // namespace tertium
