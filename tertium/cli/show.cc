#include "tertium/cli/command.h"
#include "tertium/cli/print_results.h"

namespace tertium {
namespace {

struct Options {
  std::string folder;
  std::string by;
};

}  // namespace

void add_show(CLI::App& app) {
  CLI::App& command =
      add_command(app, "show", "Print the summary of a results folder", "tertium show results --by category");
  const auto options = std::make_shared<Options>();
  command.add_option("folder", options->folder, "The folder that `tertium run --out` filled")->required();
  command.add_option("--by", options->by, kByHelp)->check(CLI::IsMember({kBy}));
  command.callback([options] { print_results(Store::open(options->folder), options->by); });
}

}  // namespace tertium
