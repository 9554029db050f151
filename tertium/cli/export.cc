#include <fmt/format.h>

#include <iostream>

#include "tertium/base/error.h"
#include "tertium/cli/command.h"
#include "tertium/cli/print_lm_eval.h"
#include "tertium/store/store.h"

namespace tertium {
namespace {

constexpr char kLmEval[] = "lm-eval";

struct ExportOptions {
  std::string folder, table, out;
  std::string format = "csv";
};

void export_results(const ExportOptions& options) {
  if (options.format == kLmEval) {
    if (!options.table.empty()) fail("--table: {} files hold no table; leave it out", kLmEval);
    if (options.out.empty()) fail("--format {} writes several files; give the folder for them, --out", kLmEval);
    return write_lm_eval(options.folder, options.out);
  }
  if (!options.out.empty())
    fail("--out: only --format {} takes it; a table goes to standard output: > file.{}", kLmEval, options.format);
  if (options.table.empty()) fail("--table is missing; the tables are {}", fmt::join(exportable(), ", "));
  export_table(options.folder, options.table, options.format == "csv" ? ExportFormat::csv : ExportFormat::jsonl,
               std::cout);
}

}  // namespace

void add_export(CLI::App& app) {
  CLI::App& command =
      add_command(app, "export", "Print a table of a results folder, or write it as lm-evaluation-harness would",
                  "tertium export results --table patches --format csv > patches.csv");
  const auto options = std::make_shared<ExportOptions>();
  command.add_option("folder", options->folder, "The folder that `tertium run --out` filled")->required();
  command.add_option("--table", options->table, "Which table (docs/results.md)")->check(CLI::IsMember(exportable()));
  command.add_option("--format", options->format, "csv, jsonl, or lm-eval: answers as its files (docs/statistics.md)")
      ->capture_default_str()
      ->check(CLI::IsMember({"csv", "jsonl", kLmEval}));
  command.add_option("--out", options->out, "lm-eval: the folder for its files; made if absent");
  command.callback([options] { export_results(*options); });
}

}  // namespace tertium
