#include "tertium/experiment/run.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/experiment/scoring.h"
#include "tertium/metrics/metric.h"
#include "tertium/patching/control.h"
#include "tertium/patching/sweep.h"

namespace tertium {
namespace {

/// What one language's run needs to know of the experiment.
struct Run {
  const Experiment& experiment;
  const Engine& engine;
  Store& store;
  const Progress& progress;
  std::vector<const Metric*> metrics;

  const Config& config() const { return engine.model().config(); }
};

std::string stage_name(const TaskSpec& task, const std::string& language, std::string_view what) {
  return fmt::format("{} {} {}: {}", task.name, task.stored_protocol(), language, what);
}

Wanted what_to_record(const Run& run, bool align) {
  Wanted wanted{.answering = run.experiment.patch.has_value()};
  for (const Metric* metric : run.metrics) {
    wanted.statements |= align && metric->of_item;
    wanted.premise |= align && metric->of_corpus;
  }
  return wanted;
}

std::vector<ItemRun> score(const Run& run, const TaskSpec& task, const PreparedLanguage& language, bool align) {
  const std::string stage = stage_name(task, language.language, "scoring");
  const std::size_t total = language.items.size();
  run.progress(stage, 0, total);
  std::vector<ItemRun> runs = run_items(run.engine, language, what_to_record(run, align),
                                        [&](std::size_t done) { run.progress(stage, done, total); });
  for (std::size_t i = 0; i < total; ++i) {
    const Item& item = language.items[i];
    for (std::size_t k = 0; k < runs[i].scores.size(); ++k)
      run.store.add(ScoreRow{task.name, language.language, item.id, task.stored_protocol(), static_cast<int>(k),
                             runs[i].scores[k], static_cast<int>(language.questions[i].options[k].size()),
                             k == item.gold});
  }
  run.store.commit();
  return runs;
}

/// All metrics of all items, at every stream index and behind the final norm. Returns the number of ties by metric.
std::map<std::string, std::size_t> align(const Run& run, const TaskSpec& task, const PreparedLanguage& language,
                                         const std::vector<ItemRun>& pivot, const std::vector<ItemRun>& other) {
  const std::size_t blocks = run.config().layers.size();
  const Wanted wanted = what_to_record(run, true);
  const std::string stage = stage_name(task, language.language, "alignment");
  std::map<std::string, std::size_t> ties;
  run.progress(stage, 0, blocks + 2);
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
    run.progress(stage, index + 1, blocks + 2);
  }
  run.store.commit();
  return ties;
}

/// The items whose failure in this language is to be repaired: right in the pivot, wrong here (TF); or all.
std::vector<std::size_t> patch_pool(const PatchSpec& patch, const PreparedLanguage& language,
                                    const std::vector<ItemRun>& pivot, const std::vector<ItemRun>& other) {
  std::vector<std::size_t> pool;
  for (std::size_t i = 0; i < language.items.size(); ++i) {
    const std::size_t gold = language.items[i].gold;
    if (patch.all_items || (best_option(pivot[i].scores) == gold && best_option(other[i].scores) != gold))
      pool.push_back(i);
  }
  return pool;
}

/// The donors of one recipient, under main and every control.
std::vector<DonorRun> choose_donors(const Run& run, const PreparedLanguage& language,
                                    const std::vector<std::size_t>& pool, std::size_t recipient,
                                    const std::vector<ItemRun>& pivot, const std::vector<ItemRun>& other) {
  const PatchSpec& patch = *run.experiment.patch;
  std::vector<std::string> names = {"main"};
  names.insert(names.end(), patch.controls.begin(), patch.controls.end());
  std::vector<DonorRun> donors;
  for (const std::string& name : names) {
    const Control& control = control_named(name);
    const std::vector<ItemRun>& source = control.language == DonorLanguage::pivot ? pivot : other;
    const std::vector<std::size_t> chosen = control.donors({language.items, pool, recipient, patch.draws, patch.seed});
    for (std::size_t d = 0; d < chosen.size(); ++d)
      donors.push_back({name, static_cast<int>(d), language.items[chosen[d]].id, source[chosen[d]].answering.resid});
  }
  return donors;
}

void store_sweep(const Run& run, const TaskSpec& task, const PreparedLanguage& language, std::size_t recipient,
                 const std::vector<DonorRun>& donors, const Sweep& sweep, const JobResult& result) {
  for (std::size_t d = 0; d < donors.size(); ++d) {
    for (std::size_t b = 0; b < sweep.asked[d].size(); ++b) {
      const std::vector<double> scores = option_scores(language.questions[recipient], sweep.asked[d][b], result);
      for (std::size_t k = 0; k < scores.size(); ++k)
        run.store.add(PatchRow{task.name, language.language, language.items[recipient].id, task.stored_protocol(),
                               "fix", "resid_post", static_cast<int>(b), "last", donors[d].control, donors[d].draw,
                               donors[d].donor, static_cast<int>(k), scores[k]});
    }
  }
}

void patch(const Run& run, const TaskSpec& task, const PreparedLanguage& language, const std::vector<ItemRun>& pivot,
           const std::vector<ItemRun>& other) {
  const PatchSpec& spec = *run.experiment.patch;
  const std::vector<std::size_t> pool = patch_pool(spec, language, pivot, other);
  const std::size_t count = spec.max_items ? std::min<std::size_t>(pool.size(), *spec.max_items) : pool.size();
  const std::string stage = stage_name(task, language.language, "patching");
  run.progress(stage, 0, count);

  std::vector<std::vector<DonorRun>> donors;
  std::vector<Sweep> sweeps;
  std::vector<Job> jobs;
  for (std::size_t p = 0; p < count; ++p) {
    donors.push_back(choose_donors(run, language, pool, pool[p], pivot, other));
    sweeps.push_back(
        make_sweep(language.questions[pool[p]], donors.back(), run.config().block_count(), run.config().hidden));
    jobs.push_back(std::move(sweeps.back().job));
  }
  const auto done = [&](std::size_t p, const JobResult& result) {
    store_sweep(run, task, language, pool[p], donors[p], sweeps[p], result);
  };
  run.engine.run(jobs, done, [&](std::size_t finished) { run.progress(stage, finished, count); });
  run.store.commit();
}

/// What a number about one language's run is filed under.
std::string run_key(const TaskSpec& task, const PreparedLanguage& language) {
  return fmt::format("{} {} {}", task.name, task.stored_protocol(), language.language);
}

void note_encoding(Store& store, const TaskSpec& task, const PreparedLanguage& language) {
  const std::string key = run_key(task, language);
  if (language.joints_swallowed > 0)
    store.set_info("joints_swallowed " + key, std::to_string(language.joints_swallowed));
  if (language.truncated > 0) store.set_info("truncated " + key, std::to_string(language.truncated));
}

}  // namespace

void run_experiment(const Experiment& experiment, const std::vector<PreparedTask>& tasks, const Engine& engine,
                    Store& store, const Progress& progress) {
  Run run{experiment, engine, store, progress, {}};
  for (const std::string& name : experiment.metrics) run.metrics.push_back(&metric_named(name));

  if (experiment.patch) store.set_info("controls", "main " + join(experiment.patch->controls, " "));
  std::set<std::string> aligned;  // a task that is asked in two protocols has one alignment
  for (const PreparedTask& task : tasks) {
    const bool align_this = !run.metrics.empty() && aligned.insert(task.spec.name).second;
    const std::vector<ItemRun> pivot = score(run, task.spec, task.pivot, align_this);
    note_encoding(store, task.spec, task.pivot);
    for (const PreparedLanguage& language : task.others) {
      const std::vector<ItemRun> other = score(run, task.spec, language, align_this);
      note_encoding(store, task.spec, language);
      if (align_this)
        for (const auto& [metric, count] : align(run, task.spec, language, pivot, other))
          store.set_info(fmt::format("ties {} {}", run_key(task.spec, language), metric), std::to_string(count));
      if (experiment.patch) patch(run, task.spec, language, pivot, other);
    }
  }
  store.commit();
}

}  // namespace tertium
