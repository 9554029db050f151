#include "tertium/experiment/plan.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/lineup_units.h"
#include "tertium/experiment/patch.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/scoring.h"
#include "tertium/experiment/stages.h"
#include "tertium/experiment/stored_answers.h"
#include "tertium/model/config.h"
#include "tertium/patching/sweep.h"
#include "tertium/protocols/answer.h"
#include "tertium/protocols/asking.h"
#include "tertium/store/store.h"

namespace tertium {
namespace {

/// What was run, and how long it took.
struct Speed {
  double operations = 0;
  double seconds = 0;
};

/// What each strand of a job takes with its readings.
std::vector<double> operations_of(const Job& job, const Config& config) {
  const RowOperations of_row = row_operations(config);
  std::vector<double> operations;
  for (const Strand& strand : job.strands)
    operations.push_back(static_cast<double>(strand.rows()) * (config.block_count() - strand.first_block()) *
                         of_row.block);
  for (const Reading& reading : job.readings)
    if (reading.readout == Readout::log_probs) operations[static_cast<std::size_t>(reading.strand)] += of_row.head;
  return operations;
}

/// The answers of a language in an earlier run.
RightAnswers earlier_answers(const Store& results, const TaskSpec& task, const PreparedLanguage& language) {
  StoredAnswers answers = stored_answers(results, task, language);
  if (answers.missing)
    fail("the results hold no score of {} {} {}, item {}; give those of this experiment, or none", task.name,
         task.stored_protocol(), language.language, printable(*answers.missing));
  return std::move(answers.right);
}

/// Scores items and tells which are right, measuring how fast that goes.
RightAnswers scored_answers(const Engine& engine, const PreparedLanguage& language,
                            const std::function<void(std::size_t, const ItemRun&)>& scored, Speed& measured) {
  const auto start = std::chrono::steady_clock::now();
  const std::vector<ItemRun> runs = run_items(engine, language, {}, scored);
  measured.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  RightAnswers right;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    right.push_back(best_option(compared(language.questions[i], runs[i].scores)) == language.items[i].gold);
    Job job;
    ask(job, language.questions[i], /*whole_options=*/false);
    for (const double operations : operations_of(job, engine.model().config())) measured.operations += operations;
  }
  return right;
}

/// A few items of a language, for measuring.
PreparedLanguage first_few(const PreparedLanguage& language) {
  constexpr std::size_t kFew = 32;  // enough rows that the weights are read for many at once
  PreparedLanguage few{.language = language.language, .items = language.items, .questions = language.questions};
  few.items.resize(std::min(kFew, few.items.size()));
  few.questions.resize(few.items.size());
  return few;
}

void add_strand(PatchCost& cost, const Strand& strand, double operations) {
  ++cost.strands;
  cost.rows += strand.rows();
  cost.operations += operations;
}

/// The cost of the clean run and of each control's patched runs of one recipient.
void add_recipient(const PatchMenu& menu, const Lineup& lineup, const LanguagePair& pair,
                   const Lineup::Recipient& recipient, const Config& config, LineupPlan& plan) {
  const Question& question = pair.at(lineup.direction->recipient()).questions[recipient.item];
  std::map<const ControlRun*, std::vector<Patch>> patches;
  for (const PatchedRun& run : menu.runs_of(recipient)) {
    Patch& patch = patches[run.control].emplace_back();
    for (const Site site : run.place->sites())
      for (const int row : patched_rows(menu, lineup, pair, run).into) patch.values.push_back({row, site, {}});
  }
  for (std::size_t c = 0; c < menu.controls.size(); ++c) {
    const std::vector<Patch>& made = patches[&menu.controls[c]];
    const Sweep sweep = make_sweeps(question, made, config.block_count(), std::numeric_limits<int>::max()).front();
    plan.controls[c].runs += made.size();
    plan.clean.runs += c == 0;
    const std::vector<double> operations = operations_of(sweep.job, config);
    for (std::size_t s = 0; s < sweep.job.strands.size(); ++s) {
      const Strand& strand = sweep.job.strands[s];
      if (strand.branch || c == 0) add_strand(strand.branch ? plan.controls[c] : plan.clean, strand, operations[s]);
    }
  }
}

/// The clean runs that each unit computes for itself, since they are not kept, and the most bytes that one holds of
/// those and of the others.
std::size_t add_givers(const PatchMenu& menu, const Lineup& lineup, const LanguagePair& pair, const TaskSpec& task,
                       const Config& config, LineupPlan& plan) {
  const ItemKeys pivot = keys_of(pair.pivot), other = keys_of(pair.other);
  const LineupUnits units(menu, task, pair, pivot, other, lineup, config.block_count());
  std::size_t most = 0;
  for (const Work& work : UnitPlanner("", rows_of_work(config), {}).plan(units.patches()).works) {
    const Givers givers = givers_of(lineup, units.runs_of(work).runs);
    for (const Side side : {Side::pivot, Side::other})
      for (const std::size_t item : givers.at(side)) {
        const Question& question = pair.at(side).questions[item];
        if (LanguageActivations::are_kept(question, menu.wanted())) continue;
        ++plan.givers.runs;
        const Job job{.strands = {{.tokens = question.context}}};
        add_strand(plan.givers, job.strands.front(), operations_of(job, config).front());
      }
    most = std::max(most, units.kept_bytes(work, config));
  }
  return most;
}

LineupPlan plan_lineup(const PatchMenu& menu, const TaskSpec& task, const LanguagePair& pair,
                       const Direction& direction, const Config& config, std::size_t& kept_bytes) {
  const Lineup lineup = line_up(menu.spec, direction, pair);
  LineupPlan plan{.task = task.name,
                  .protocol = task.stored_protocol(),
                  .language = pair.other.language,
                  .direction = &direction,
                  .pool = lineup.pool.size(),
                  .items = lineup.recipients.size(),
                  .clean = {},
                  .givers = {},
                  .controls = {},
                  .lacking = lineup.lacking,
                  .short_of_donors = lineup.short_of_donors};
  for (const ControlRun& control : menu.controls) plan.controls.push_back({.control = control.name});
  for (const Lineup::Recipient& recipient : lineup.recipients)
    add_recipient(menu, lineup, pair, recipient, config, plan);
  kept_bytes = std::max(kept_bytes, add_givers(menu, lineup, pair, task, config, plan));
  return plan;
}

}  // namespace

PatchPlan plan_patches(const Experiment& experiment, const std::vector<PreparedTask>& tasks, const Engine& engine,
                       const Store* results, const Progress& progress) {
  const Config& config = engine.model().config();
  if (!experiment.patch) fail("the experiment has no [patch] table; add one (docs/experiment.md)");
  demand_patchable(*experiment.patch, tasks, config);
  const PatchMenu menu(*experiment.patch, config);
  Speed measured;
  PatchPlan plan;
  plan.scratch = scratch_bytes(experiment, tasks, config);
  for (const PreparedTask& task : tasks) {
    const auto answers = [&](const PreparedLanguage& language) {
      if (results) return earlier_answers(*results, task.spec, language);
      const std::string stage = stage_name(task.spec, language.language, kScoring);
      return scored_answers(
          engine, language, [&](std::size_t i, const ItemRun&) { progress(stage, i + 1, language.items.size()); },
          measured);
    };
    const RightAnswers pivot_right = answers(task.pivot);
    for (const PreparedLanguage& other : task.others) {
      const RightAnswers other_right = answers(other);
      for (const std::string& direction : menu.spec.directions)
        plan.lineups.push_back(plan_lineup(menu, task.spec, {task.pivot, other, pivot_right, other_right},
                                           direction_named(direction), config, plan.kept_bytes));
    }
  }
  if (results && !tasks.empty()) {
    const PreparedLanguage few = first_few(tasks.front().pivot);
    Speed warming;  // what is done once
    scored_answers(engine, few, {}, warming);
    scored_answers(engine, few, {}, measured);
  }
  plan.operations_per_second = measured.seconds > 0 ? measured.operations / measured.seconds : 0;
  return plan;
}

}  // namespace tertium
