#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <future>

#include "tertium/audit/audit.h"
#include "tertium/base/clock.h"
#include "tertium/base/error.h"
#include "tertium/base/folder.h"
#include "tertium/base/text.h"
#include "tertium/cli/command.h"
#include "tertium/cli/print_lm_eval.h"
#include "tertium/cli/print_results.h"
#include "tertium/cli/process.h"
#include "tertium/cli/run_experiment.h"
#include "tertium/cli/run_parts.h"
#include "tertium/cli/run_worker.h"
#include "tertium/cluster/handed_out.h"
#include "tertium/cluster/launch.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/corpora.h"
#include "tertium/experiment/experiment.h"
#include "tertium/experiment/imported_answers.h"
#include "tertium/experiment/inputs.h"
#include "tertium/experiment/kept_intervention.h"
#include "tertium/experiment/lineup.h"
#include "tertium/experiment/notes.h"
#include "tertium/experiment/open_questions.h"
#include "tertium/experiment/repair_run.h"
#include "tertium/experiment/resume.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/stages.h"
#include "tertium/experiment/translation.h"
#include "tertium/experiment/units.h"
#include "tertium/experiment/workers.h"
#include "tertium/formats/model_path.h"
#include "tertium/model/checkpoint.h"
#include "tertium/store/schema.h"
#include "tertium/store/store.h"

namespace tertium {
namespace {

void demand_categories(const std::vector<PreparedTask>& tasks) {
  for (const PreparedTask& task : tasks)
    for (const Item& item : task.pivot.items)
      if (!item.category.empty()) return;
  fail("--by category: no item has a field \"category\" (docs/items.md)");
}

/// What would end the writing of --lm-eval, before hours of work rather than behind them.
void demand_lm_eval(const std::string& out, const Experiment& experiment) {
  const auto is_loglik = [](const TaskSpec& task) { return task.protocol == Protocol::loglik; };
  if (std::ranges::none_of(experiment.tasks, is_loglik))
    fail("--lm-eval: no task is in protocol loglik, and lm-evaluation-harness has log-likelihoods only");
  if (const std::error_code problem = folder_problem(out))
    fail("--lm-eval {}: cannot be made: {}; give another folder", out, problem.message());
}

void say_what_runs(const Experiment& experiment, const std::vector<PreparedTask>& tasks,
                   const std::vector<PreparedCorpus>& corpora, const std::vector<PreparedTranslation>& translations,
                   const std::optional<PreparedQuestions>& questions, const Model& model) {
  fmt::print("{}{}: {}, {} blocks, {}, on {}, {}\n", experiment.model.filename().string(),
             experiment.adapter.empty() ? "" : " with the adapter " + printable(experiment.adapter.filename().string()),
             model.config().family, model.config().block_count(), to_string(model.precision()), model.place(),
             threads() == 1 ? "1 thread" : fmt::format("{} threads", threads()));
  for (const PreparedTask& task : tasks) {
    std::vector<std::string> languages = {task.pivot.language};
    for (const PreparedLanguage& language : task.others) languages.push_back(language.language);
    fmt::print("{}, {}: {} items in {}\n", task.spec.name, task.spec.stored_protocol(), task.pivot.items.size(),
               fmt::join(languages, " "));
    for (const std::string& note : notes_on(task)) fmt::print("  note: {}\n", note);
  }
  for (const PreparedCorpus& corpus : corpora) {
    std::vector<std::string> languages = {corpus.pivot.language};
    for (const PreparedSide& side : corpus.others) languages.push_back(side.language);
    fmt::print("parallel, {}: {} sentences in {}\n", printable(corpus.spec.corpus()), corpus.pivot.sentences.size(),
               fmt::join(languages, " "));
  }
  if (questions)
    fmt::print("generate: {} open questions in {} languages\n", questions->pivot.questions.size(),
               questions->others.size() + 1);
  for (const PreparedTranslation& translation : translations) {
    std::vector<std::string> languages = {translation.pivot.language};
    for (const PreparedLanguage& language : translation.others) languages.push_back(language.language);
    fmt::print("translate into {}: {} sentences from {}, {} examples before each\n", printable(translation.spec.target),
               translation.references.size(), fmt::join(languages, " "), translation.spec.shots);
  }
  std::fflush(stdout);
}

/// Says what will be gone. Whatever the file is, it is to be replaced.
void say_what_is_replaced(const std::filesystem::path& folder) {
  std::string what = "a results.db that cannot be read";
  try {
    const Connection results = open_results(folder);
    what = fmt::format("{} scores, {} alignments, {} patched scores of a run of {}", rows_in(results, "scores"),
                       rows_in(results, "alignment"), rows_in(results, "patches"),
                       printable(stored_info(Store::open(folder), "started").value_or("an unknown time")));
  } catch (const Error&) {
  }
  fmt::print("{}: replaced: {}\n", folder.string(), what);
}

std::filesystem::path out_of(const RunOptions& options) {
  const std::filesystem::path out = options.out;
  return options.out.ends_with('/') ? out.parent_path() : out;
}

/// Results that are new, or that this run can go on with. Throws Error naming what has changed since.
std::filesystem::path folder_for(const Prepared& run, const RunOptions& options) {
  const std::filesystem::path out = out_of(options);
  if (options.force) {
    if (Store::has_results(out)) say_what_is_replaced(out);
    discard_workers(out);
    Store::create(out, /*replace=*/true);
    return out;
  }
  for (int n = 1;; ++n) {
    const std::filesystem::path folder = n == 1 ? out : std::filesystem::path(fmt::format("{}-{}", out.string(), n));
    if (!Store::has_results(folder)) {
      if (n > 1) fmt::print("{}: holds results of something else; these go to {}\n", out.string(), folder.string());
      Store::create(folder, /*replace=*/false);
      return folder;
    }
    const std::vector<std::string> different =
        differences(Store::open(folder), run.experiment, run.tasks, run.hashes, run.precision());
    if (different.empty()) return folder;
    if (!options.as_new)
      fail(
          "{}: its results were made from something else: {}; give another --out, --as-new to write beside them, or "
          "--force to replace them",
          folder.string(), join(different));
  }
}

/// Whether anything is to be done.
bool say_what_is_done(const Store& store, const UnitCount& count) {
  if (count.done == 0) return true;
  fmt::print("{}: done already: {} of {} units{}\n", store.folder().string(), count.done, count.all,
             count.open.empty() ? "" : ", besides patches, which wait for answers, of " + join(count.open));
  return count.done < count.all || !count.open.empty();
}

void say_who_writes(const Joined& joined) {
  if (!joined.writing.empty()) fmt::print("note: workers that still write are not joined: {}\n", join(joined.writing));
}

void say_what_is_joined(const Joined& joined) {
  if (!joined.workers.empty()) fmt::print("joined the results of workers {}\n", join(joined.workers));
  say_who_writes(joined);
}

}  // namespace

void run_experiment(const RunOptions& options) {
  const RunTime time;
  const Experiment experiment = read_experiment(options.experiment, options.settings);
  std::optional<Share> share;
  if (!options.worker.empty()) share = share_of(options.worker);
  const std::optional<Launch> launch =
      share ? std::nullopt : launch_of([](const char* name) { return std::getenv(name); });
  const bool leads = !launch || launch->rank == 0;
  set_threads(options.threads == 0 && launch ? threads_of(*launch) : options.threads);
  stop_on_signals();
  std::optional<HandedOut> handed_out;
  if (launch) handed_out.emplace(*launch, workers_folder(out_of(options)));
  if (leads && !share)
    if (const std::string dead = Store::demand_free(options.out, /*replace=*/true); !dead.empty())
      fmt::print("{}: {} wrote here before and ended without a word\n", options.out, printable(dead, 200));

  // Everything that bad input can break comes before earlier results are replaced.
  const std::filesystem::path model = find_model(experiment.model.string()), adapter = experiment.found_adapter();
  const Tokenizer tokenizer = Tokenizer::open(model);
  give_back_freed_memory();
  auto [config, model_files] = config_and_files(model, adapter);
  std::vector<PreparedTask> tasks = prepare(experiment, tokenizer, config);
  KeptIntervention intervention;
  if (!experiment.intervention.empty()) {
    intervention = read_intervention(experiment.intervention, config);
    attach(intervention, experiment.intervention, tasks);
    model_files.push_back(intervention.state);
  }
  const std::vector<PreparedCorpus> corpora =
      prepare_corpora(experiment, tokenizer, {config.context, config.vocabulary});
  const std::vector<PreparedTranslation> translations =
      prepare_translations(experiment, tokenizer, {config.context, config.vocabulary});
  const std::optional<PreparedQuestions> questions =
      prepare_questions(experiment, tokenizer, {config.context, config.vocabulary});
  if (experiment.patch) demand_patchable(*experiment.patch, tasks, config);
  demand_patchable(experiment, translations, config);
  if (experiment.ablate) ablations_of(*experiment.ablate, config);  // throws where the model has no such place
  if (experiment.repair) demand_repairable(*experiment.repair, tasks, corpora, config);
  std::optional<TunedLens> tuned;
  if (experiment.lens && !experiment.lens->tuned.empty()) tuned.emplace(experiment.lens->tuned, config);
  if (!options.by.empty()) demand_categories(tasks);
  if (!options.lm_eval.empty()) demand_lm_eval(options.lm_eval, experiment);
  ImportedAnswers imported;
  if (!options.answers.empty()) imported = imported_answers(options.answers, tasks);
  std::future<InputHashes> hashed =
      std::async(std::launch::async, hashes_of,
                 inputs_of(model_files, tokenizer.files(), tasks, corpora, translations,
                           questions ? questions->files : std::vector<std::filesystem::path>()));
  std::future<Audit> audited;
  if (leads && !share)
    audited = std::async(std::launch::async, [&, limits = Limits{config.context, config.vocabulary}] {
      return audit(experiment, tasks, tokenizer, limits);
    });
  const Engine engine(Model::load(model, experiment.dtype, adapter, options.hardware),
                      {.batch_rows = options.batch_rows});
  const InputHashes hashes = hashed.get();
  demand_unchanged(model_files);  // what was loaded is what was hashed
  if (share) std::filesystem::create_directories(options.out);
  demand_room(experiment, tasks, config, options.out);
  const Prepared run{experiment, tasks, corpora, translations, questions, tokenizer, engine, hashes};
  RunControl control{.stop = [] { return stopping_signal() != 0; },
                     .fingerprint = fingerprint_of(hashes, run.precision()),
                     .unit_rows = options.unit_rows,
                     .tuned = tuned,
                     .corpora = &corpora};
  if (share) return run_share(run, out_of(options), *share, control, options.quiet);

  std::filesystem::path folder;
  std::optional<Store> store;
  if (leads) {
    folder = folder_for(run, options);
    say_what_is_joined(join_workers(folder));
    store = Store::resume(folder);
    say_what_runs(experiment, tasks, corpora, translations, questions, engine.model());
    fmt::print("audit: {}; tertium audit {} tells them\n", counted(audited.get()), options.experiment);
    UnitCount units = count_units(experiment, tasks, engine, *store, control);
    count_corpora(corpora, *store, control, units);
    if (questions) count_questions(*questions, engine, *store, control, units);
    count_translations(experiment, translations, engine, *store, control, units);
    if (say_what_is_done(*store, units)) store->forget_info("finished");
    std::fflush(stdout);
    store_imported(*store, imported);
    begin(*store, run);
  }
  if (launch) {
    store.reset();  // so that all can read it
    if (leads) handed_out->open(folder.string());
    folder = handed_out->await_open();
    const ShareDone work =
        do_share(run, folder, std::to_string(launch->rank), *handed_out, control, options.quiet || !leads);
    if (work.outcome.stopped) end_stopped(work.outcome);
    if (!leads) return;
    for (const int rank : handed_out->await_others())
      fmt::print("note: worker {} of {} died; what it had stored counts, the rest is computed by others\n", rank,
                 launch->size);
    say_who_writes(join_workers(folder));
    store = Store::resume(folder);
  }
  const double before = stored_seconds(*store);
  const RunOutcome outcome = go_through(run, *store, control, options.quiet);
  if (outcome.stopped) {
    time.store_in(*store, before);
    end_stopped(outcome);
  }
  forget_open_units(*store);
  if (outcome.failures.empty() && !stored_info(*store, "finished")) store->set_info("finished", utc_now());
  time.store_in(*store, before);

  if (options.brief) return demand_whole(outcome);
  const double took = time.so_far();
  print_results(*store, options.by, Detail::picture);
  const std::string shown = store->folder().string();
  fmt::print(
      "\n{:.0f} s. Every layer and block: tertium show {} --all. Tests: tertium stats {}.\n"
      "Item by item in {}; as CSV: tertium export {} --table patches\n",
      took, shown, shown, (store->folder() / "results.db").string(), shown);
  if (!options.lm_eval.empty()) write_lm_eval(shown, options.lm_eval);
  demand_whole(outcome);
}

void add_run(CLI::App& app) {
  CLI::App& command = add_command(app, "run", "Run an experiment: score, compare, patch, and store every number",
                                  "tertium run examples/demo.toml --out results --set patch.draws=3");
  const auto options = std::make_shared<RunOptions>();
  add_experiment_options(command, *options);
  add_hardware_options(command, options->hardware);
  command.add_option("--out", options->out, "The folder for results.db; made if absent")->required();
  command.add_option("--by", options->by, kByHelp)->check(CLI::IsMember({kBy}));
  command.add_option("--answers", options->answers,
                     "A folder that `tertium import` filled: alignment is held against these answers, too");
  command.add_option("--lm-eval", options->lm_eval,
                     "A folder for the answers as lm-evaluation-harness's files (docs/statistics.md)");
  const auto worker = command.add_option(
      "--worker", options->worker,
      "I/N: this process is worker I of N, counted from 0, that know nothing of each other: it computes its share "
      "into OUT/workers, and tertium merge joins all (docs/cluster.md)");
  command.add_flag("--force", options->force, "Replace the results that the folder holds, rather than go on with them");
  command.add_flag("--as-new", options->as_new,
                   "Where the folder holds results of something else, write to one beside it: OUT-2, OUT-3 …");
  command
      .add_option("--unit-rows", options->unit_rows,
                  "Token rows of one unit of work, which is computed and stored alone; 0: as many as take seconds")
      ->check(CLI::NonNegativeNumber)
      ->default_str("0");
  command.add_option("--batch-rows", options->batch_rows, "Token rows packed into one pass of one thread, or auto")
      ->transform(CLI::Transformer(std::map<std::string, int>{{"auto", 0}}).description(""))
      ->check(CLI::Range(0, 1'000'000).description(""))
      ->default_str("auto");
  for (const char* whole : {"--by", "--answers", "--lm-eval", "--force", "--as-new"})
    worker->excludes(command.get_option(whole));
  command.callback([options] { run_experiment(*options); });
}

}  // namespace tertium
