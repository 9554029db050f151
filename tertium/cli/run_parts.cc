#include "tertium/cli/run_parts.h"

#include <fmt/format.h>

#include <csignal>
#include <cstdlib>

#include "tertium/base/clock.h"
#include "tertium/base/error.h"
#include "tertium/cli/command.h"
#include "tertium/cli/process.h"
#include "tertium/cli/progress_line.h"
#include "tertium/experiment/resume.h"
#include "tertium/experiment/stages.h"
#include "tertium/model/config.h"
#include "tertium/version.h"

namespace tertium {
namespace {

void write_info(Store& store, const Experiment& experiment, const Engine& engine) {
  const Model& model = engine.model();
  store.set_info("tertium", TERTIUM_VERSION);
  store.set_info("libtorch", libtorch_version());
  store.set_info("experiment", experiment.text);
  store.set_info("model", experiment.model.string());
  if (!experiment.adapter.empty()) store.set_info("adapter", experiment.adapter.string());
  store.set_info("family", model.config().family);
  store.set_info("pivot", experiment.pivot);
  store.set_info("dtype", std::string(to_string(model.precision())));
  store.set_info("device", model.device());
  store.set_info("kernels", model.kernels());
  store.set_info("threads", std::to_string(threads()));
  if (experiment.patch) store.set_info("seed", std::to_string(experiment.patch->seed));
  store.set_info(stored_info(store, "started") ? "continued" : "started", utc_now());
}

}  // namespace

std::optional<std::string> stored_info(const Store& store, std::string_view key) {
  for (const auto& [name, value] : store.info())
    if (name == key) return value;
  return std::nullopt;
}

void begin(Store& store, const Prepared& run) {
  write_info(store, run.experiment, run.engine);
  store_hashes(store, run.hashes);
  store_deciders(store, deciders_of(run.experiment, run.precision()));
  plan_stages(store, run.experiment, run.tasks, run.corpora, run.translations,
              run.questions ? question_stages(*run.questions) : std::vector<std::string>());
  store.commit();
}

void RunTime::store_in(Store& store, double before) const {
  store.set_info("seconds", fmt::format("{:.1f}", before + so_far()));
  store.commit();
}

double stored_seconds(const Store& store) {
  return std::strtod(stored_info(store, "seconds").value_or("0").c_str(), nullptr);
}

RunOutcome go_through(const Prepared& run, Store& store, RunControl control, bool quiet) {
  ProgressLine line;
  const Progress progress = [&](std::string_view stage, std::size_t done, std::size_t total) {
    if (!quiet) line(stage, done, total);
  };
  control.notice = [&](const std::string& what) {
    if (!quiet) line.say("note: " + what);
  };
  RunOutcome outcome = run_experiment(run.experiment, run.tasks, run.engine, store, progress, control);
  if (!outcome.stopped) run_corpora(run.corpora, run.engine, store, progress, control, outcome);
  if (!outcome.stopped && run.questions)
    run_questions(*run.questions, run.tokenizer, run.engine, store, progress, control, outcome);
  if (!outcome.stopped)
    run_translations(run.experiment, run.translations, run.tokenizer, run.engine, store, progress, control, outcome);
  return outcome;
}

void end_stopped(const RunOutcome& outcome) {
  write_error(fmt::format("stopped by {}: {} units done now, all of them stored; the same command goes on\n",
                          stopping_signal() == SIGINT ? "SIGINT" : "SIGTERM", outcome.computed));
  throw Exit{128 + stopping_signal()};  // as a shell counts
}

void demand_whole(const RunOutcome& outcome) {
  if (!outcome.failures.empty())
    fail("{} of {} units failed, the others are stored; the first: {}", outcome.failures.size(),
         outcome.failures.size() + outcome.computed, outcome.failures.front());
}

}  // namespace tertium
