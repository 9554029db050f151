#include "tertium/experiment/run.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "tertium/analysis/observations.h"
#include "tertium/base/error.h"
#include "tertium/base/folder.h"
#include "tertium/base/text.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/item_keys.h"
#include "tertium/experiment/language_states.h"
#include "tertium/experiment/means_files.h"
#include "tertium/experiment/patch.h"
#include "tertium/experiment/task_demands.h"
#include "tertium/experiment/task_run.h"
#include "tertium/experiment/unit_runner.h"
#include "tertium/experiment/units.h"
#include "tertium/metrics/metric.h"
#include "tertium/model/config.h"
#include "tertium/store/store.h"
#include "tertium/tasks/task.h"

namespace tertium {
namespace {

using TextKey = std::pair<std::string, std::string>;  // language and item

/// What the items of a language say, so that results can be read without the files.
void store_texts(Store& store, const TaskSpec& task, const PreparedLanguage& language, const std::set<TextKey>& known) {
  for (const Item& item : language.items) {
    if (known.contains({language.language, item.id})) continue;
    store.add(TextRow{task.name, language.language, item.id, -1, item.statement_context});
    for (std::size_t k = 0; k < item.statement_options.size(); ++k)
      store.add(TextRow{task.name, language.language, item.id, static_cast<int>(k), item.statement_options[k]});
  }
}

/// What rows about items can be grouped by, and their texts.
void store_items(Store& store, const PreparedTask& task) {
  std::set<std::string> known;
  for (const ItemRow& row : store.items())
    if (row.task == task.spec.name) known.insert(row.item);
  const std::string shared(task_named(task.spec.name).shares);
  std::map<std::string, std::string> units;  // by the text that is shared, the first item's id
  for (const Item& item : task.pivot.items) {
    const std::string& unit =
        shared.empty() ? item.id : units.try_emplace(item.fields.at(shared), item.id).first->second;
    if (!known.contains(item.id)) store.add(ItemRow{task.spec.name, item.id, item.category, unit});
  }
  std::set<TextKey> told;
  for (const TextRow& row : store.texts())
    if (row.task == task.spec.name) told.emplace(row.language, row.item);
  store_texts(store, task.spec, task.pivot, told);
  for (const PreparedLanguage& language : task.others) store_texts(store, task.spec, language, told);
}

/// Where a run keeps what memory would have to hold; empty where it finds no room.
struct ScratchFolders {
  std::filesystem::path states, activations;
};

/// Calls `with` for every task's run.
void for_each_task(const Experiment& experiment, const std::vector<PreparedTask>& tasks, const Engine& engine,
                   Store& store, const Progress& progress, const RunControl& control, RunOutcome& outcome,
                   const ScratchFolders& scratch, const std::function<void(TaskRun&)>& with) {
  const Config& config = engine.model().config();
  const std::vector<const Metric*> metrics = metrics_of(experiment);
  std::optional<PatchMenu> menu;
  if (experiment.patch) menu.emplace(*experiment.patch, config);
  LensRun lens{control.tuned};
  if (!lens.tuned && experiment.lens && !experiment.lens->tuned.empty())
    lens.tuned.emplace(experiment.lens->tuned, config);
  const double most_rows = control.unit_rows > 0 ? control.unit_rows : rows_of_work(config);
  const UnitPlanner planner(control.fingerprint, most_rows, control.known_in(store));
  UnitRunner runner(store, engine.model(), planner, control, outcome);
  const TaskRun::Common common{experiment,
                               engine,
                               store,
                               progress,
                               control,
                               planner,
                               runner,
                               metrics,
                               menu ? &*menu : nullptr,
                               experiment.lens ? &lens : nullptr,
                               scratch.states,
                               scratch.activations,
                               most_rows};
  std::set<std::string> aligned;  // a task that is asked in two protocols has one alignment
  for (const PreparedTask& task : tasks) {
    TaskRun run(common, task, aligned.insert(task.spec.name).second);
    with(run);
  }
}

/// Of the controls that the results hold and those that are asked for.
void file_controls(Store& store, const PatchSpec& spec) {
  std::vector<std::string> controls = stored_controls(store.info());
  for (const ControlRun& control : control_runs(spec.controls, spec.doses))
    if (std::ranges::find(controls, control.name) == controls.end()) controls.push_back(control.name);
  store.set_info("controls", join(controls, " "));
}

constexpr double kMebi = 1 << 20;

}  // namespace

ScratchBytes scratch_bytes(const Experiment& experiment, const std::vector<PreparedTask>& tasks, const Config& config) {
  const Wanted states = states_wanted(metrics_of(experiment));
  Wanted activations;
  if (experiment.patch) activations = PatchMenu(*experiment.patch, config).wanted();
  // One language is kept beside the pivot.
  const auto most = [&](const auto& bytes_of) {
    double most = 0;
    for (const PreparedTask& task : tasks) {
      double other = 0;
      for (const PreparedLanguage& language : task.others) other = std::max(other, bytes_of(language));
      most = std::max(most, bytes_of(task.pivot) + other);
    }
    return most;
  };
  return {most([&](const PreparedLanguage& language) { return LanguageStates::bytes(language, states, config); }),
          most([&](const PreparedLanguage& language) {
            return experiment.patch ? LanguageActivations::bytes(language, activations, config) : 0;
          })};
}

void demand_room(const Experiment& experiment, const std::vector<PreparedTask>& tasks, const Config& config,
                 const std::filesystem::path& folder) {
  const double bytes = scratch_bytes(experiment, tasks, config).states, available = free_bytes(folder);
  if (states_wanted(metrics_of(experiment)).premise && bytes > available)
    fail(
        "{}: states for alignment take {:.0f} MiB there, and {:.0f} MiB are free; free some, ask fewer items, or leave "
        "mexat out of align.metrics",
        folder.string(), bytes / kMebi, available / kMebi);
}

RunOutcome run_experiment(const Experiment& experiment, const std::vector<PreparedTask>& tasks, const Engine& engine,
                          Store& store, const Progress& progress, const RunControl& control) {
  if (experiment.patch) {
    demand_patchable(*experiment.patch, tasks, engine.model().config());
    file_controls(store, *experiment.patch);
  }
  const std::filesystem::path folder = store.folder() / kScratch;
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  const ScratchBytes bytes = scratch_bytes(experiment, tasks, engine.model().config());
  const double free = free_bytes(store.folder());
  ScratchFolders scratch;
  if (bytes.states <= free)
    scratch.states = folder;
  else
    control.notice("states for alignment find no room on that disk; they are computed again for each language");
  // Room is left for the results.
  if (bytes.states + bytes.activations <= free / 2)
    scratch.activations = folder;
  else if (bytes.activations > 0)
    control.notice("activations that patches take find no room on that disk; every unit computes them again");
  std::set<std::string> stored;  // a task may be asked in several protocols
  for (const PreparedTask& task : tasks)
    if (stored.insert(task.spec.name).second) store_items(store, task);
  RunOutcome outcome;
  try {
    for_each_task(experiment, tasks, engine, store, progress, control, outcome, scratch,
                  [](TaskRun& task) { task.run(); });
    store.commit();
    if (outcome.failures.empty()) std::filesystem::remove_all(folder, ignored);
  } catch (const Stopped&) {
    outcome.stopped = true;
  }
  return outcome;
}

UnitCount count_units(const Experiment& experiment, const std::vector<PreparedTask>& tasks, const Engine& engine,
                      Store& store, const RunControl& control) {
  UnitCount count;
  RunOutcome none;
  const Progress silent = [](std::string_view, std::size_t, std::size_t) {};
  for_each_task(experiment, tasks, engine, store, silent, control, none, {}, [&](TaskRun& task) { task.count(count); });
  return count;
}

std::vector<std::string> changed_items(const Experiment& experiment, const std::vector<PreparedTask>& tasks,
                                       const Store& store, const std::string& fingerprint) {
  const UnitPlanner planner(fingerprint, 1, store.units());
  const std::vector<const Metric*> metrics = metrics_of(experiment);
  std::vector<std::string> changed;
  const auto look = [&](const Demand& demand) {
    for (const UnitRow& row : planner.plan(demand).outdated)
      changed.push_back(fmt::format("{}{}{} {} of {}, items from \"{}\" on", row.task, row.protocol.empty() ? "" : " ",
                                    row.protocol, row.stage, row.language, printable(row.first_item)));
  };
  std::set<std::string> aligned;
  for (const PreparedTask& task : tasks) {
    const ItemKeys pivot = keys_of(task.pivot);
    look(scoring_demand(task.spec, task.pivot, pivot));
    const bool align = aligned.insert(task.spec.name).second;
    for (const PreparedLanguage& language : task.others) {
      const ItemKeys own = keys_of(language);
      look(scoring_demand(task.spec, language, own));
      if (align) look(alignment_demand(task, language, pivot, own, metrics, false));
    }
  }
  return changed;
}

}  // namespace tertium
