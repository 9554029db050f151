#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tertium/analysis/comparison.h"
#include "tertium/base/error.h"
#include "tertium/base/file.h"
#include "tertium/base/text.h"
#include "tertium/cli/command.h"
#include "tertium/cli/print_comparison.h"
#include "tertium/cli/report_folders.h"
#include "tertium/cli/run_experiment.h"
#include "tertium/report/page.h"
#include "tertium/store/store.h"
#include "tertium/training/trainer.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;

struct MeasureOptions : ExperimentOptions {
  std::string adapters, out;
};

constexpr char kBefore[] = "before";

/// One adapter, or none, and where its results lie.
struct AdapterRun {
  std::string name;
  fs::path adapter;  // empty for the model as it is
  fs::path results;
};

std::vector<AdapterRun> what_is_there(const MeasureOptions& options) {
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

void run_each(const std::vector<AdapterRun>& all, const MeasureOptions& options) {
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
  const auto width = [](const std::string& name) { return std::max<std::size_t>(11, name.size() + 1); };
  fmt::print("\n{:<34}", "% right");
  for (const NamedObservations& one : all) fmt::print("{:>{}}", one.name, width(one.name));
  fmt::print("\n");
  for (const AnswerChange& first : comparison.answers) {
    if (first.second != all[1].name) continue;
    const std::string name =
        fmt::format("{} {} {}", printable(first.of.task), printable(first.of.protocol), printable(first.of.language));
    fmt::print("  {:<32}{:>{}.1f}", name, 100 * first.first_accuracy, width(first.first));
    for (const AnswerChange& other : comparison.answers)
      if (other.of == first.of) fmt::print("{:>{}.1f}", 100 * other.second_accuracy, width(other.second));
    fmt::print("\n");
  }
}

void write_report(const std::vector<AdapterRun>& all, const fs::path& out) {
  std::vector<NamedFolder> folders;
  for (const AdapterRun& one : all) folders.push_back({one.name, one.results});
  if (!replace_file(out, report_page(document_of(folders))))
    fail("{}: cannot be written; make room, or give another --out", out.string());
}

void measure(const MeasureOptions& options) {
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
  const auto options = std::make_shared<MeasureOptions>();
  add_experiment_options(command, *options);
  add_hardware_options(command, options->hardware);
  command.add_option("--adapters", options->adapters, "The folder that `tertium train --out` filled")->required();
  command.add_option("--out", options->out,
                     "The folder for results, one a method, and report.html; by default `results` among the adapters");
  command.callback([options] { measure(*options); });
}

}  // namespace tertium
