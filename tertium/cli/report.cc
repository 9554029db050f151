#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tertium/base/error.h"
#include "tertium/base/file.h"
#include "tertium/cli/command.h"
#include "tertium/cli/report_folders.h"
#include "tertium/report/page.h"

namespace tertium {
namespace {

struct ReportOptions {
  std::vector<std::string> folders;
  std::string out;
};

void report(const ReportOptions& options) {
  const std::filesystem::path out = options.out.empty() ? std::filesystem::path(options.folders.front()) / "report.html"
                                                        : std::filesystem::path(options.out);
  const std::string page = report_page(document_of(named_by_path(options.folders)));
  // Somebody may be looking at an earlier one.
  if (!replace_file(out, page)) fail("{}: cannot be written; give another -o, or make room", out.string());
  fmt::print("{}: {:.1f} MB, needs no network; open it in a browser\n", out.string(),
             static_cast<double>(page.size()) / 1e6);
}

}  // namespace

void add_report(CLI::App& app) {
  CLI::App& command = add_command(app, "report", "One page with every figure, test and item of a results folder",
                                  "tertium report results -o report.html");
  const auto options = std::make_shared<ReportOptions>();
  command.add_option("folders", options->folders, "Folders that `tertium run --out` filled; several are compared")
      ->required()
      ->expected(1, 20);
  command.add_option("-o,--out", options->out, "The page; by default report.html in the first folder");
  command.callback([options] { report(*options); });
}

}  // namespace tertium
