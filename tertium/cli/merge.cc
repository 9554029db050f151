#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "tertium/base/clock.h"
#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/cli/command.h"
#include "tertium/experiment/means_files.h"
#include "tertium/experiment/stages.h"
#include "tertium/experiment/workers.h"
#include "tertium/store/store.h"

namespace tertium {
namespace {

double stored_seconds(const RunInfo& info) {
  for (const auto& [key, value] : info)
    if (key == "seconds") return std::strtod(value.c_str(), nullptr);
  return 0;
}

/// Whether all units are done.
bool settle(Store& store, double seconds) {
  const RunInfo info = store.info();
  const bool all_done = settle_stages(store);
  store.set_info("seconds", fmt::format("{:.1f}", std::max(seconds, stored_seconds(info))));
  if (all_done) {
    forget_open_units(store);
    if (!completeness(info).finished) store.set_info("finished", utc_now());
    std::error_code ignored;
    std::filesystem::remove_all(store.folder() / kScratch, ignored);
  } else {
    store.forget_info("finished");
  }
  store.commit();
  return all_done;
}

void merge(const std::string& folder) {
  const Joined joined = join_workers(folder);
  if (!joined.writing.empty())
    fmt::print("still writing, and not joined: workers {}; merge again once they have ended\n", join(joined.writing));
  if (joined.workers.empty() && !Store::has_results(folder))
    fail("{}: holds no results of workers; name the --out folder of a run", folder);
  if (joined.workers.empty()) {
    fmt::print("{}: no worker's results are left to join\n", folder);
  } else {
    Store store = Store::resume(folder);
    settle(store, joined.seconds);
    fmt::print("{}: joined the results of workers {}\n", folder, join(joined.workers));
  }
  const Completeness state = completeness(Store::open(folder).info());
  if (state.finished) {
    fmt::print("All units are done: tertium show {}\n", folder);
    return;
  }
  fmt::print("Not all is done; a worker's command, or tertium run without --worker, goes on with it:\n");
  for (const std::string& missing : state.missing) fmt::print("  missing: {}\n", printable(missing, 200));
}

}  // namespace

void add_merge(CLI::App& app) {
  CLI::App& command =
      add_command(app, "merge", "Join what several workers computed, and say what is missing", "tertium merge results");
  const auto folder = std::make_shared<std::string>();
  command.add_option("results", *folder, "The --out folder of the workers' runs")->required();
  command.callback([folder] { merge(*folder); });
}

}  // namespace tertium
