#include <iostream>

#include "tertium/cli/command.h"
#include "tertium/store/store.h"

namespace tertium {
namespace {

struct Options {
  std::string folder;
  std::string table;
  std::string format = "csv";
};

}  // namespace

void add_export(CLI::App& app) {
  CLI::App& command = add_command(app, "export", "Print a table of a results folder as CSV or JSON lines",
                                  "tertium export results --table patches --format csv > patches.csv");
  const auto options = std::make_shared<Options>();
  command.add_option("folder", options->folder, "The folder that `tertium run --out` filled")->required();
  command.add_option("--table", options->table, "Which table (docs/results.md)")
      ->required()
      ->check(CLI::IsMember(table_names()));
  command.add_option("--format", options->format, "csv or jsonl")
      ->capture_default_str()
      ->check(CLI::IsMember({"csv", "jsonl"}));
  command.callback([options] {
    export_table(options->folder, options->table, options->format == "csv" ? ExportFormat::csv : ExportFormat::jsonl,
                 std::cout);
  });
}

}  // namespace tertium
