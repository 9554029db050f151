#include "tertium/experiment/run.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/lineup.h"
#include "tertium/experiment/notes.h"
#include "tertium/experiment/patch.h"
#include "tertium/experiment/scoring.h"
#include "tertium/experiment/stages.h"
#include "tertium/metrics/metric.h"
#include "tertium/model/config.h"
#include "tertium/protocols/answer.h"
#include "tertium/protocols/asking.h"
#include "tertium/store/store.h"
#include "tertium/tasks/task.h"

namespace tertium {
namespace {

/// What one language's run needs to know of the experiment.
struct Run {
  const Experiment& experiment;
  const Engine& engine;
  Store& store;
  const Progress& progress;
  const Notice& notice;
  std::vector<const Metric*> metrics;
  std::optional<PatchMenu> menu;

  const Config& config() const { return engine.model().config(); }
  Stage stage(const TaskSpec& task, const std::string& language, std::string_view what, std::size_t total) const {
    return {stage_name(task, language, what), total, store, engine.model(), progress};
  }
};

Wanted what_to_record(const Run& run, bool align) {
  Wanted wanted;
  if (run.menu) {
    wanted.quantities = run.menu->quantities();
    wanted.positions = run.menu->spec.positions;
  }
  for (const Metric* metric : run.metrics) {
    wanted.statements |= align && metric->of_item;
    wanted.premise |= align && metric->of_corpus;
  }
  return wanted;
}

std::vector<ItemRun> score(const Run& run, const TaskSpec& task, const PreparedLanguage& language, bool align) {
  Stage stage = run.stage(task, language.language, kScoring, language.items.size());
  const auto scored = [&](std::size_t i, const ItemRun& item_run) {
    const Item& item = language.items[i];
    const Question& question = language.questions[i];
    for (std::size_t k = 0; k < item_run.scores.size(); ++k) {
      const TextLength length = length_of(question.option_texts[k]);
      run.store.add(ScoreRow{task.name, language.language, item.id, task.stored_protocol(), static_cast<int>(k),
                             item_run.scores[k], static_cast<int>(question.scored_tokens(k)), k == item.gold,
                             length.characters, length.bytes});
    }
    stage.reached(i + 1);
  };
  std::vector<ItemRun> runs = run_items(run.engine, language, what_to_record(run, align), scored);
  stage.end();
  return runs;
}

/// All metrics of all items, at every stream index and behind the final norm. Returns the number of ties by metric.
std::map<std::string, std::size_t> align(const Run& run, const TaskSpec& task, const PreparedLanguage& language,
                                         const std::vector<ItemRun>& pivot, const std::vector<ItemRun>& other) {
  const std::size_t blocks = run.config().layers.size();
  const Wanted wanted = what_to_record(run, true);
  Stage stage = run.stage(task, language.language, kAligning, blocks + 2);
  std::map<std::string, std::size_t> ties;
  for (std::size_t index = 0; index <= blocks + 1; ++index) {
    const bool behind_norm = index > blocks;
    const auto add = [&](std::size_t i, const Metric& metric, const Measured& measured) {
      run.store.add(AlignmentRow{task.name, language.language, language.items[i].id, std::string(metric.name),
                                 behind_norm ? "final_norm" : "resid", static_cast<int>(std::min(index, blocks)),
                                 measured.value});
      ties[std::string(metric.name)] += measured.tie;
    };
    for (std::size_t i = 0; wanted.statements && i < other.size(); ++i) {
      const StatementCosines item = statement_cosines(pivot[i], other[i], index);
      for (const Metric* metric : run.metrics)
        if (metric->of_item) add(i, *metric, metric->of_item(item));
    }
    if (wanted.premise) {
      const Cosines premises = premise_cosines(pivot, other, index);
      for (const Metric* metric : run.metrics) {
        if (!metric->of_corpus) continue;
        const std::vector<Measured> measured = metric->of_corpus(premises);
        for (std::size_t i = 0; i < measured.size(); ++i) add(i, *metric, measured[i]);
      }
    }
    stage.reached(index + 1);
  }
  stage.end();
  return ties;
}

RightAnswers right_answers(const PreparedLanguage& language, const std::vector<ItemRun>& runs) {
  RightAnswers right;
  for (std::size_t i = 0; i < runs.size(); ++i)
    right.push_back(best_option(compared(language.questions[i], runs[i].scores)) == language.items[i].gold);
  return right;
}

CleanRuns clean_runs(const PreparedLanguage& language, const std::vector<ItemRun>& runs) {
  CleanRuns clean;
  for (const ItemRun& run : runs) clean.activations.push_back(&run.activations);
  for (const Question& question : language.questions) clean.positions.push_back(&question.positions);
  return clean;
}

/// Tells of items that a direction leaves out and of pools too small for a control, before it runs.
void tell_shortages(const Run& run, const std::string& key, const Lineup& lineup) {
  const std::string name = fmt::format("{} {}", key, lineup.direction->name);
  for (const auto& [position, count] : lineup.lacking) {
    run.store.set_info(fmt::format("lacking {} {}", name, position), std::to_string(count));
    run.notice(fmt::format("{}: {} of {} items are not patched at {}, which they or their counterparts lack", name,
                           count, lineup.recipients.size(), position));
  }
  for (const auto& [control, count] : lineup.short_of_donors) {
    run.store.set_info(fmt::format("few_donors {} {}", name, control), std::to_string(count));
    run.notice(fmt::format("{}: {} finds fewer donors than it should for {} of {} items: too few others fit", name,
                           control, count, lineup.recipients.size()));
  }
}

void patch(const Run& run, const PreparedTask& task, const PreparedLanguage& language,
           const std::vector<ItemRun>& pivot, const std::vector<ItemRun>& other) {
  const std::string protocol = task.spec.stored_protocol();
  const RightAnswers pivot_right = right_answers(task.pivot, pivot), other_right = right_answers(language, other);
  const LanguagePair pair{task.pivot, language, pivot_right, other_right};
  const CleanPair clean{clean_runs(task.pivot, pivot), clean_runs(language, other)};
  for (const std::string& name : run.menu->spec.directions) {
    const Lineup lineup = line_up(run.menu->spec, direction_named(name), pair);
    tell_shortages(run, run_key(task.spec, language), lineup);
    Stage stage = run.stage(task.spec, language.language, patching(name), lineup.recipients.size());
    const auto store = [&](const PatchedRun& patched, const std::vector<double>& scores) {
      const Site site = patched.place->site;
      for (std::size_t k = 0; k < scores.size(); ++k)
        run.store.add(PatchRow{task.spec.name, language.language, language.items[patched.recipient].id, protocol, name,
                               std::string(info(site.kind).name), site.block,
                               run.menu->spec.positions[patched.place->position], patched.control->name, patched.draw,
                               language.items[patched.donor].id, static_cast<int>(k), scores[k], site.head,
                               patched.place->window});
    };
    run_patches(run.engine, *run.menu, lineup, pair, clean, store, [&](std::size_t done) { stage.reached(done); });
    stage.end();
  }
}

/// What the items of a language say, so that results can be read without the files.
void store_texts(Store& store, const TaskSpec& task, const PreparedLanguage& language) {
  for (const Item& item : language.items) {
    store.add(TextRow{task.name, language.language, item.id, -1, item.statement_context});
    for (std::size_t k = 0; k < item.statement_options.size(); ++k)
      store.add(TextRow{task.name, language.language, item.id, static_cast<int>(k), item.statement_options[k]});
  }
}

/// What rows about items can be grouped by, and their texts.
void store_items(Store& store, const PreparedTask& task) {
  const std::string shared(task_named(task.spec.name).shares);
  std::map<std::string, std::string> units;  // by the text that is shared, the first item's id
  for (const Item& item : task.pivot.items) {
    const std::string& unit =
        shared.empty() ? item.id : units.try_emplace(item.fields.at(shared), item.id).first->second;
    store.add(ItemRow{task.spec.name, item.id, item.category, unit});
  }
  store_texts(store, task.spec, task.pivot);
  for (const PreparedLanguage& language : task.others) store_texts(store, task.spec, language);
}

}  // namespace

void run_experiment(const Experiment& experiment, const std::vector<PreparedTask>& tasks, const Engine& engine,
                    Store& store, const Progress& progress, const Notice& notice) {
  Run run{experiment, engine, store, progress, notice, {}, {}};
  for (const std::string& name : experiment.metrics) run.metrics.push_back(&metric_named(name));

  if (experiment.patch) {
    demand_patchable(*experiment.patch, tasks, engine.model().config());
    run.menu.emplace(*experiment.patch, engine.model().config());
    std::vector<std::string> controls;
    for (const ControlRun& control : run.menu->controls) controls.push_back(control.name);
    store.set_info("controls", join(controls, " "));
  }
  std::set<std::string> stored;   // a task may be asked in several protocols
  std::set<std::string> aligned;  // a task that is asked in two protocols has one alignment
  for (const PreparedTask& task : tasks) {
    const bool align_this = !run.metrics.empty() && aligned.insert(task.spec.name).second;
    if (stored.insert(task.spec.name).second) store_items(store, task);
    const std::vector<ItemRun> pivot = score(run, task.spec, task.pivot, align_this);
    store_notes(store, task);
    for (const PreparedLanguage& language : task.others) {
      const std::vector<ItemRun> other = score(run, task.spec, language, align_this);
      if (align_this)
        for (const auto& [metric, count] : align(run, task.spec, language, pivot, other))
          store.set_info(fmt::format("ties {} {}", run_key(task.spec, language), metric), std::to_string(count));
      if (run.menu) patch(run, task, language, pivot, other);
    }
  }
  store.commit();
}

}  // namespace tertium
