#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tertium/analysis/agreement.h"
#include "tertium/analysis/categories.h"
#include "tertium/analysis/table_text.h"
#include "tertium/cli/command.h"
#include "tertium/cli/print_results.h"
#include "tertium/experiment/stages.h"

namespace tertium {
namespace {

struct ShowOptions {
  std::string folder;
  std::string by;
  bool all = false;
  bool json = false;
};

void print_json(const Store& store, const std::string& by) {
  const Completeness whole = completeness(store.info());
  nlohmann::ordered_json json = {{"finished", whole.finished}, {"missing", whole.missing}};
  json.update(to_json(analyse(observations_of(store))));
  json["agreement"] = to_json(agreements(store.scores()));
  if (by == kBy)
    for (const auto& [category, analysis] : analyse_by_category(store))
      json["categories"][category] = to_json(analysis);
  fmt::print("{}\n", json.dump());
}

void show(const ShowOptions& options) {
  const Store store = Store::open(options.folder);
  if (options.json) return print_json(store, options.by);
  print_results(store, options.by, options.all ? Detail::tables : Detail::picture);
}

}  // namespace

void add_show(CLI::App& app) {
  CLI::App& command = add_command(app, "show", "Show what a results folder holds: a picture, then conclusions",
                                  "tertium show results --all");
  const auto options = std::make_shared<ShowOptions>();
  command.add_option("folder", options->folder, "The folder that `tertium run --out` filled")->required();
  command.add_option("--by", options->by, kByHelp)->check(CLI::IsMember({kBy}));
  command.add_flag("--all", options->all, "Tables of every layer and block, instead of the picture");
  command.add_flag("--json", options->json, "One JSON object");
  command.callback([options] { show(*options); });
}

}  // namespace tertium
