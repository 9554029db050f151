#include <fmt/format.h>

#include "tertium/analysis/comparison.h"
#include "tertium/analysis/conclusions.h"
#include "tertium/base/error.h"
#include "tertium/base/file.h"
#include "tertium/base/text.h"
#include "tertium/cli/command.h"
#include "tertium/cli/print_comparison.h"
#include "tertium/cli/run_experiment.h"
#include "tertium/cli/wrapped.h"
#include "tertium/experiment/stages.h"
#include "tertium/report/document.h"
#include "tertium/report/page.h"
#include "tertium/store/store.h"
#include "tertium/training/trainer.h"
#include "tertium/version.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;

struct Options : ExperimentOptions {
  std::string adapters, out;
};

constexpr char kBefore[] = "before";

/// One adapter, or none, and where its results lie.
struct AdapterRun {
  std::string name;
  fs::path adapter;  // empty for the model as it is
  fs::path results;
};

std::vector<AdapterRun> what_is_there(const Options& options) {
  const fs::path adapters = options.adapters, out = options.out.empty() ? adapters / "results" : fs::path(options.out);
  std::vector<AdapterRun> all = {{kBefore, {}, out / kBefore}};
  for (const Method method : {Method::aligned, Method::task_only, Method::shuffled_pairs})
    if (const std::string name(to_string(method)); fs::exists(adapters / name / "adapter_config.json"))
      all.push_back({name, adapters / name, out / name});
  if (all.size() == 1)
    fail("{}: holds no adapter of tertium train (aligned, task_only, shuffled_pairs); name its --out folder",
         options.adapters);
  return all;
}

void run_each(const std::vector<AdapterRun>& all, const Options& options) {
  for (const AdapterRun& one : all) {
    fmt::print("{}{}\n", one.name == all.front().name ? "" : "\n", one.name);
    RunOptions run;
    static_cast<ExperimentOptions&>(run) = options;
    if (!one.adapter.empty()) run.settings.push_back("adapter=" + fs::absolute(one.adapter).string());
    run.out = one.results.string();
    run.brief = true;
    fs::create_directories(one.results.parent_path());
    run_experiment(run);
  }
}

void print_accuracy(const Comparison& comparison, const std::vector<NamedObservations>& all) {
  fmt::print("\n{:<34}", "% right");
  for (const NamedObservations& one : all)
    fmt::print("{:>{}}", one.name, std::max<std::size_t>(11, one.name.size() + 1));
  fmt::print("\n");
  for (const AnswerChange& first : comparison.answers) {
    if (first.second != all[1].name) continue;
    const std::string name =
        fmt::format("{} {} {}", printable(first.of.task), printable(first.of.protocol), printable(first.of.language));
    fmt::print("  {:<32}{:>11.1f}", name, 100 * first.first_accuracy);
    for (const AnswerChange& other : comparison.answers)
      if (other.of == first.of)
        fmt::print("{:>{}.1f}", 100 * other.second_accuracy, std::max<std::size_t>(11, other.second.size() + 1));
    fmt::print("\n");
  }
}

void print_conclusions(const Comparison& comparison) {
  for (const std::string& sentence : comparison.conclusions) fmt::print("{}\n", wrapped("- " + sentence, 2));
}

void write_report(const std::vector<AdapterRun>& all, const fs::path& out) {
  std::vector<Store> stores;
  for (const AdapterRun& one : all) stores.push_back(Store::open(one.results));
  std::vector<ReportSource> sources;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Completeness whole = completeness(stores[i].info());
    sources.push_back({all[i].name, &stores[i], whole.finished, whole.missing});
  }
  if (!replace_file(out, report_page(report_document(sources, TERTIUM_VERSION))))
    fail("{}: cannot be written; make room, or give another --out", out.string());
}

void measure(const Options& options) {
  const std::vector<AdapterRun> all = what_is_there(options);
  run_each(all, options);

  std::vector<NamedObservations> observed;
  for (const AdapterRun& one : all) observed.push_back({one.name, observations_of(Store::open(one.results))});
  std::vector<Comparison> comparisons = {compare(observed)};
  // What the baselines have, too, is no effect of alignment.
  for (std::size_t i = 2; i < observed.size() && observed[1].name == to_string(Method::aligned); ++i)
    comparisons.push_back(compare({observed[i], observed[1]}));
  print_accuracy(comparisons.front(), observed);
  for (const Comparison& comparison : comparisons) print_transfer(comparison);
  fmt::print("\nConclusions\n");
  for (const Comparison& comparison : comparisons) print_conclusions(comparison);

  const fs::path out = all.front().results.parent_path(), page = out / "report.html";
  write_report(all, page);
  fmt::print("\nAlignment and flips by layer: tertium compare {} {}\nSide by side, with every item: {}\n",
             all.front().results.string(), all[1].results.string(), page.string());
}

}  // namespace

void add_measure(CLI::App& app) {
  CLI::App& command =
      add_command(app, "measure", "Run an experiment without and with each trained adapter, and compare item by item",
                  "tertium measure examples/train.toml --adapters adapters");
  const auto options = std::make_shared<Options>();
  add_experiment_options(command, *options);
  command.add_option("--adapters", options->adapters, "The folder that `tertium train --out` filled")->required();
  command.add_option("--out", options->out,
                     "The folder for results, one a method, and report.html; by default `results` among the adapters");
  command.callback([options] { measure(*options); });
}

}  // namespace tertium
