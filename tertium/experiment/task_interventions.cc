// What a task's run does to the model itself: ablations and repairs.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "tertium/base/hash.h"
#include "tertium/experiment/corpora.h"
#include "tertium/experiment/notes.h"
#include "tertium/experiment/repair_run.h"
#include "tertium/experiment/scoring.h"
#include "tertium/experiment/stored_answers.h"
#include "tertium/experiment/task_demands.h"
#include "tertium/experiment/task_run.h"
#include "tertium/metrics/corpus.h"
#include "tertium/model/config.h"
#include "tertium/store/store.h"

namespace tertium {
namespace {

/// How alignment under a repair is told from that under ablations.
AblationKey repair_key(const std::string& kind, const std::string& control, int block) {
  return {.component = kRepaired,
          .layer = block,
          .operation = kind,
          .control = control,
          .position = kind == "recover" ? "but_first" : "last"};
}

}  // namespace

std::optional<std::vector<std::size_t>> TaskRun::ablated_items(const PreparedLanguage& language) const {
  const AblateSpec& spec = *common_.experiment.ablate;
  std::vector<std::size_t> items;
  if (spec.all_items) {
    items.resize(language.items.size());
    std::iota(items.begin(), items.end(), 0);
  } else {
    const StoredAnswers pivot = stored_answers(common_.store, task_.spec, task_.pivot);
    if (pivot.missing) return std::nullopt;
    for (std::size_t i = 0; i < language.items.size(); ++i)
      if (pivot.right[i] && !task_.pivot.questions[i].identical_options && !language.questions[i].identical_options)
        items.push_back(i);
  }
  if (spec.max_items) items.resize(std::min(items.size(), static_cast<std::size_t>(*spec.max_items)));
  return items;
}

AblationUnits TaskRun::ablations_of(const PreparedLanguage& language, std::vector<std::size_t> items) {
  AblationUnits::Metrics metrics;
  const bool all = common_.experiment.ablate->asks_all() && language.items.size() > 1;
  if (align_ && &language != &task_.pivot)
    for (const Metric* metric : common_.metrics)
      if (metric->of_item || all) (metric->of_item ? metrics.of_items : metrics.of_corpus).emplace_back(metric->name);
  const AblationSources sources{[this](const PreparedLanguage& of) -> const ItemKeys& { return keys(of); },
                                [this](const PreparedLanguage& of) -> LanguageMeans& {
                                  std::unique_ptr<LanguageMeans>& means = means_[&of];
                                  if (!means)
                                    means = std::make_unique<LanguageMeans>(
                                        common_.engine, of, averaged_sites(*common_.experiment.ablate, config()));
                                  return *means;
                                }};
  return {*common_.experiment.ablate, task_, language, std::move(items), sources, std::move(metrics), config()};
}

void TaskRun::ablate(const PreparedLanguage& language) {
  std::optional<std::vector<std::size_t>> items = ablated_items(language);
  if (!items) {
    common_.control.notice(run_key(task_.spec, language) +
                           ": nothing is ablated, since some items have no scores in the pivot" +
                           (common_.control.shares ? " yet" : ""));
    return put_off(common_.store, stage_name(task_.spec, language.language, kAblating));
  }
  const AblationUnits units = ablations_of(language, *std::move(items));
  const Demand demand = units.demand();
  const WorkPlan plan = common_.planner.plan(demand);
  for (const UnitRow& old : plan.outdated)
    if (std::ranges::find(demand.members, old.first_item) != demand.members.end()) common_.store.remove_unit(old.id);
  Stage stage = this->stage(language, kAblating, demand.members.size());
  const auto compute = [&](const Work& work, Tally& tally, const std::function<void(std::size_t)>& reached) {
    if (common_.planner.knows_any())
      for (const std::size_t part : work.parts)
        for (const std::size_t i : work.members()) {
          const std::string& id = demand.members[i];
          common_.store.remove_ablations(task_.spec.name, language.language, task_.spec.stored_protocol(),
                                         units.key(part), id);
          for (const std::string& metric : units.metrics().of_items)
            common_.store.remove_ablated_alignment(task_.spec.name, language.language, units.key(part), metric, id);
        }
    units.run(
        common_.engine, work,
        [&](const AblationUnits::Run& run) { tally.rows[run.part] += store_ablation(language, run); }, reached);
  };
  bool whole = common_.runner.run(demand, plan, stage, compute);
  if (!units.metrics().of_corpus.empty()) whole &= ablate_corpus(language, units);
  if (whole) stage.end();
}

bool TaskRun::ablate_corpus(const PreparedLanguage& language, const AblationUnits& units) {
  const Demand demand = units.corpus_demand();
  const WorkPlan plan = common_.planner.plan(demand);
  for (const UnitRow& old : plan.outdated) common_.store.remove_unit(old.id);
  Stage stage =
      this->stage(language, "ablation, premises", demand.members.size() * demand.parts.size(), Stage::Filed::no);
  const auto width = static_cast<std::size_t>(config().hidden);
  return common_.runner.run(demand, plan, stage, [&](const Work& work, Tally& tally, const auto& reached) {
    const std::size_t part = work.parts.front();
    for (const std::string& metric : units.metrics().of_corpus)
      for (const Item& item : language.items)
        common_.store.remove_ablated_alignment(task_.spec.name, language.language, units.key(part), metric, item.id);
    const auto store = [&](const AblationUnits::Premises& of) {
      for (std::size_t l = 0; l < of.own.size(); ++l) {
        const auto reader = [&](const std::vector<float>& states) -> ReadState {
          return [&](std::size_t i, std::span<float> into) {
            std::ranges::copy(std::span(states).subspan(i * width, width), into.begin());
          };
        };
        for (const std::string& name : units.metrics().of_corpus) {
          const Metric& metric = metric_named(name);
          const std::vector<Measured> measured =
              measure_corpus(metric, language.items.size(), width, reader(of.pivot[l]), reader(of.own[l]));
          for (std::size_t i = 0; i < measured.size(); ++i, ++tally.rows.front())
            store_ablated(language, i, of.key, metric, static_cast<std::size_t>(of.first_changed) + l,
                          measured[i].value);
        }
      }
    };
    units.run_premises(common_.engine, part, store, reached);
  });
}

void TaskRun::store_ablated(const PreparedLanguage& language, std::size_t item, const AblationKey& key,
                            const Metric& metric, std::size_t index, double value) const {
  const std::size_t blocks = config().layers.size();
  common_.store.add(AblatedAlignmentRow{task_.spec.name, language.language, language.items[item].id, key,
                                        std::string(metric.name), index > blocks ? "final_norm" : "resid",
                                        static_cast<int>(std::min(index, blocks)), value});
}

int TaskRun::store_ablation(const PreparedLanguage& language, const AblationUnits::Run& run) const {
  const AblationKey& key = run.key;
  const std::string& item = language.items[run.item].id;
  int rows = 0;
  for (std::size_t k = 0; k < run.own.scores.size(); ++k, ++rows)
    common_.store.add(AblationRow{task_.spec.name, language.language, item, task_.spec.stored_protocol(), key,
                                  static_cast<int>(k), run.own.scores[k]});
  if (!run.pivot) return rows;
  const std::size_t blocks = config().layers.size();
  for (std::size_t index = static_cast<std::size_t>(run.first_changed); index < blocks + 2; ++index) {
    const StatementCosines cosines = statement_cosines(run.pivot->statements, run.own.statements, index);
    for (const Metric* metric : common_.metrics) {
      if (!metric->of_item) continue;
      store_ablated(language, run.item, key, *metric, index, metric->of_item(cosines).value);
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

FittedTexts TaskRun::repairs_fitted_on(const PreparedLanguage& language) const {
  static const std::vector<PreparedCorpus> none;
  return fitted_texts(*common_.experiment.repair, task_.spec, common_.control.corpora ? *common_.control.corpora : none,
                      task_.pivot, language, repair_control(language));
}

Demand TaskRun::repairs(const PreparedLanguage& language) {
  const PreparedLanguage* control = repair_control(language);
  const ItemKeys* control_keys = control ? &keys(*control) : nullptr;
  std::string more;  // than what the task's own items say
  if (!common_.experiment.repair->corpus.empty()) {
    Hasher hasher;
    const FittedTexts texts = repairs_fitted_on(language);
    for (const auto* side : {&texts.pivot, &texts.other, &texts.control})
      for (const Question* text : *side) hasher.add(text->context);
    more += " sentences " + hasher.hex();
  }
  if (align_)
    for (const Metric* metric : common_.metrics)
      if (metric->of_item)
        more += fmt::format(" {} {}", metric->name,
                            Hasher().add(fmt::format("{}", fmt::join(keys(language).texts, " "))).hex());
  return repair_demand(*common_.experiment.repair, task_.spec, language, keys(task_.pivot), keys(language),
                       control_keys, more, config());
}

void TaskRun::forget_repaired(const PreparedLanguage& language, const std::string& kind) const {
  std::vector<std::string> controls = repair_controls();
  controls.emplace_back(kMain);
  for (const std::string& control : controls)
    for (const Metric* metric : common_.metrics)
      for (const Item& item : language.items)
        common_.store.remove_ablated_alignment(task_.spec.name, language.language, repair_key(kind, control, 0),
                                               std::string(metric->name), item.id);
}

void TaskRun::store_repaired(const PreparedLanguage& language, const std::string& kind,
                             const RepairedStatements& of) const {
  const std::size_t blocks = config().layers.size();
  for (std::size_t index = static_cast<std::size_t>(of.block) + 1; index < blocks + 2; ++index) {
    const StatementCosines cosines = statement_cosines(of.pivot, of.own, index);
    for (const Metric* metric : common_.metrics)
      if (metric->of_item)
        store_ablated(language, of.item, repair_key(kind, of.control, of.block), *metric, index,
                      metric->of_item(cosines).value);
  }
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
  LanguageRepairs repairs(common_.engine, spec, task_.spec, task_.pivot, language, repairs_fitted_on(language),
                          common_.most_rows);
  const bool aligns = align_ && states_wanted(common_.metrics).statements;
  const bool whole = common_.runner.run(
      demand, plan, stage, [&](const Work& work, Tally& tally, const std::function<void(std::size_t)>& reached) {
        for (std::size_t p = 0; p < work.parts.size(); ++p) {
          const std::string& kind = demand.parts[work.parts[p]];
          common_.store.remove_repairs(task_.spec.name, language.language, task_.spec.stored_protocol(), kind);
          if (aligns && common_.planner.knows_any()) forget_repaired(language, kind);
          const auto aligned = [&](const RepairedStatements& of) { store_repaired(language, kind, of); };
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
              aligns ? aligned : std::function<void(const RepairedStatements&)>(),
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
                {"fitted on", common_.experiment.repair->corpus.empty() ? "items" : common_.experiment.repair->corpus},
                {"seed", std::to_string(common_.experiment.repair->seed)}});
}

}  // namespace tertium
