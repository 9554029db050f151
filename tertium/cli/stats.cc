#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "tertium/analysis/observations.h"
#include "tertium/analysis/results.h"
#include "tertium/analysis/table_text.h"
#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/cli/command.h"
#include "tertium/cli/print_analysis.h"
#include "tertium/interchange/observed_csv.h"

namespace tertium {
namespace {

constexpr char kStudy[] = "2504.09378v1";

struct StatsOptions {
  std::string folder;
  ObservedFiles files;
  std::string preset, format, table;
  bool json = false;
  std::uint64_t seed = AnalysisOptions{}.seed;
};

Observations observed(const StatsOptions& options) {
  const ObservedFiles& files = options.files;
  if (!options.folder.empty() && !files.answers.empty()) fail("give either a results folder or --answers, not both");
  if (!files.answers.empty()) return read_observed(files);
  if (options.folder.empty()) fail("give a results folder, or --answers FILE.csv of another tool");
  if (!files.alignment.empty() || !files.flips.empty()) fail("--alignment and --flips go with --answers");
  return observations_of(Store::open(options.folder));
}

std::string text_of(const ResultTable& table, const std::string& format) {
  if (format == "csv") return to_csv(table);
  return format == "md" ? to_markdown(table) : to_tex(table);
}

void print_tables(const Analysis& analysis, const StatsOptions& options) {
  std::vector<std::string> names;
  for (const ResultTable& table : result_tables(analysis)) {
    names.push_back(table.name);
    if (options.table == table.name) return fmt::print("{}", text_of(table, options.format));
  }
  if (!options.table.empty())
    fail("--table {}: no such table; the tables are {}", printable(options.table), join(names));
  if (options.format == "csv") fail("--format csv: a CSV file is one table; add --table, one of {}", join(names));
  for (const ResultTable& table : result_tables(analysis))
    if (!table.rows.empty())
      fmt::print("{0} {1}\n\n{2}\n", options.format == "md" ? "##" : "%", table.name, text_of(table, options.format));
}

void stats(const StatsOptions& options) {
  const AnalysisOptions how{options.preset == kStudy ? Preset::study : Preset::tertium, options.seed};
  const Analysis analysis = analyse(observed(options), how);
  if (options.json) return fmt::print("{}\n", to_json(analysis).dump());
  if (!options.format.empty() || !options.table.empty()) {
    StatsOptions chosen = options;
    if (chosen.format.empty()) chosen.format = "md";
    return print_tables(analysis, chosen);
  }
  print_statistics(analysis);
}

}  // namespace

void add_stats(CLI::App& app) {
  CLI::App& command = add_command(app, "stats", "Tests, intervals and conclusions of a results folder",
                                  "tertium stats results --format csv --table flips > flips.csv");
  const auto options = std::make_shared<StatsOptions>();
  command.add_option("folder", options->folder, "The folder that `tertium run --out` filled");
  command.add_option("--answers", options->files.answers, "Answers of another tool, a CSV file (docs/statistics.md)");
  command.add_option("--alignment", options->files.alignment, "Its alignment, with --answers");
  command.add_option("--flips", options->files.flips, "Its flips, with --answers");
  command.add_option("--preset", options->preset, "2504.09378v1: the study's own statistics")
      ->check(CLI::IsMember({kStudy}));
  command.add_option("--seed", options->seed, "Of resampling")->capture_default_str();
  command.add_option("--format", options->format, "csv, md or tex")->check(CLI::IsMember({"csv", "md", "tex"}));
  command.add_option("--table", options->table, "One table: languages, alignment, flips …");
  command.add_flag("--json", options->json, "One JSON object");
  command.callback([options] { stats(*options); });
}

}  // namespace tertium
