// What a task's run does to the model itself: ablations and repairs.
#include <fmt/format.h>

#include <algorithm>

#include "tertium/experiment/notes.h"
#include "tertium/experiment/repair_run.h"
#include "tertium/experiment/scoring.h"
#include "tertium/experiment/task_demands.h"
#include "tertium/experiment/task_run.h"
#include "tertium/model/config.h"
#include "tertium/store/store.h"

namespace tertium {

AblationUnits TaskRun::ablations_of(const PreparedLanguage& language) {
  std::string metrics;
  if (align_ && &language != &task_.pivot)
    for (const Metric* metric : common_.metrics)
      if (metric->of_item) metrics += std::string(metric->name) + " ";
  return {*common_.experiment.ablate, task_, language, keys(task_.pivot), keys(language), metrics, config()};
}

void TaskRun::ablate(const PreparedLanguage& language) {
  const AblationUnits units = ablations_of(language);
  const Demand demand = units.demand();
  const WorkPlan plan = common_.planner.plan(demand);
  for (const UnitRow& old : plan.outdated)
    if (std::ranges::find(demand.members, old.first_item) != demand.members.end()) common_.store.remove_unit(old.id);
  Stage stage = this->stage(language, kAblating, language.items.size());
  const auto compute = [&](const Work& work, Tally& tally, const std::function<void(std::size_t)>& reached) {
    if (common_.planner.knows_any())
      for (const std::size_t part : work.parts)
        for (const std::size_t i : work.members()) {
          const std::string& id = language.items[i].id;
          common_.store.remove_ablations(task_.spec.name, language.language, task_.spec.stored_protocol(),
                                         units.key(part), id);
          if (units.aligned())
            common_.store.remove_ablated_alignment(task_.spec.name, language.language, units.key(part), id);
        }
    units.run(
        common_.engine, work,
        [&](const AblationUnits::Run& run) { tally.rows[run.part] += store_ablation(language, units, run); }, reached);
  };
  if (common_.runner.run(demand, plan, stage, compute)) stage.end();
}

int TaskRun::store_ablation(const PreparedLanguage& language, const AblationUnits& units,
                            const AblationUnits::Run& run) const {
  const AblationKey key = units.key(run.ablation);
  const std::string& item = language.items[run.item].id;
  int rows = 0;
  for (std::size_t k = 0; k < run.own.scores.size(); ++k, ++rows)
    common_.store.add(AblationRow{task_.spec.name, language.language, item, task_.spec.stored_protocol(), key,
                                  static_cast<int>(k), run.own.scores[k]});
  if (!run.pivot) return rows;
  const std::size_t blocks = config().layers.size();
  for (std::size_t index = static_cast<std::size_t>(run.ablation.block) + 1; index < blocks + 2; ++index) {
    const StatementCosines cosines = statement_cosines(run.pivot->statements, run.own.statements, index);
    for (const Metric* metric : common_.metrics) {
      if (!metric->of_item) continue;
      common_.store.add(AblatedAlignmentRow{task_.spec.name, language.language, item, key, std::string(metric->name),
                                            index > blocks ? "final_norm" : "resid",
                                            static_cast<int>(std::min(index, blocks)), metric->of_item(cosines).value});
      ++rows;
    }
  }
  return rows;
}

/// Another language than this, whose states controls are fitted on: the next one.
const PreparedLanguage* TaskRun::repair_control(const PreparedLanguage& language) const {
  if (task_.others.size() < 2) return nullptr;
  const auto at = static_cast<std::size_t>(&language - task_.others.data());
  return &task_.others[(at + 1) % task_.others.size()];
}

Demand TaskRun::repairs(const PreparedLanguage& language) {
  const PreparedLanguage* control = repair_control(language);
  const ItemKeys* control_keys = control ? &keys(*control) : nullptr;
  return repair_demand(*common_.experiment.repair, task_.spec, language, keys(task_.pivot), keys(language),
                       control_keys, config());
}

void TaskRun::repair(const PreparedLanguage& language) {
  const RepairSpec& spec = *common_.experiment.repair;
  const std::string key = run_key(task_.spec, language);
  const Demand demand = repairs(language);
  const PreparedLanguage* control = repair_control(language);
  if (!control && std::ranges::find(spec.controls, "other_language") != spec.controls.end())
    common_.control.notice(key + ": no other language to fit the control other_language on; it is left out");
  const WorkPlan plan = common_.planner.plan(demand);
  for (const UnitRow& old : plan.outdated) common_.store.remove_unit(old.id);
  Stage stage = this->stage(language, kRepairing, language.items.size() * spec.kinds.size());
  LanguageRepairs repairs(common_.engine, spec, task_.spec, task_.pivot, language, control, common_.most_rows);
  const bool whole = common_.runner.run(
      demand, plan, stage, [&](const Work& work, Tally& tally, const std::function<void(std::size_t)>& reached) {
        for (std::size_t p = 0; p < work.parts.size(); ++p) {
          const std::string& kind = demand.parts[work.parts[p]];
          common_.store.remove_repairs(task_.spec.name, language.language, task_.spec.stored_protocol(), kind);
          const ChosenRepair chosen = repairs.run(
              kind,
              [&](const RepairedRun& run) {
                for (std::size_t option = 0; option < run.scores.size(); ++option)
                  common_.store.add(RepairRow{task_.spec.name, language.language, language.items[run.item].id,
                                              task_.spec.stored_protocol(), kind, run.block, run.alpha,
                                              run.is_test ? "test" : "fit", run.control, static_cast<int>(option),
                                              run.scores[option]});
                tally.rows[p] += static_cast<int>(run.scores.size());
              },
              [&](std::size_t done, std::size_t) { reached(p * language.items.size() + done); });
          keep_repair(language, kind, chosen);
        }
      });
  if (whole) stage.end();
}

void TaskRun::keep_repair(const PreparedLanguage& language, const std::string& kind, const ChosenRepair& chosen) const {
  const std::filesystem::path folder = common_.store.folder() / "repairs";
  std::error_code ignored;
  std::filesystem::create_directories(folder, ignored);
  std::string name = fmt::format("{}_{}_{}_{}", task_.spec.name, task_.spec.stored_protocol(), language.language, kind);
  for (char& character : name)
    if (character == '/' || character == ':') character = '-';
  write_repair(folder / (name + ".safetensors"), chosen, config().hidden,
               {{"repair", kind},
                {"task", task_.spec.name},
                {"protocol", task_.spec.stored_protocol()},
                {"language", language.language},
                {"pivot", task_.pivot.language},
                {"site", "resid_post"},
                {"block", std::to_string(chosen.block)},
                {"alpha", fmt::format("{}", chosen.alpha)},
                {"rows", chosen.repair.everywhere ? "all but the first" : "last"},
                {"renormed", chosen.repair.everywhere ? "true" : "false"},
                {"model", common_.control.fingerprint},
                {"seed", std::to_string(common_.experiment.repair->seed)}});
}

}  // namespace tertium
