#include "tertium/cli/run_worker.h"

#include <fmt/format.h>

#include <charconv>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/cluster/shares.h"
#include "tertium/experiment/means_files.h"
#include "tertium/experiment/resume.h"
#include "tertium/experiment/stages.h"
#include "tertium/experiment/units.h"
#include "tertium/experiment/workers.h"

namespace tertium {

ShareDone do_share(const Prepared& run, const std::filesystem::path& out, const std::string& name, Shares& shares,
                   RunControl control, bool quiet) {
  ShareDone work{.folder = make_worker(out, name)};
  const std::vector<std::string> different =
      differences(Store::open(work.folder), run.experiment, run.tasks, run.hashes, run.precision());
  if (!different.empty())
    fail("{}: this worker reads other inputs than those of its results: {}; are the files the same on every host?",
         work.folder.string(), join(different));
  if (Store::has_results(out)) control.known = Store::open(out).units();
  control.shares = &shares;
  control.worker = name;
  control.scratch = out / kScratch;
  std::filesystem::create_directories(control.scratch);
  Store store = Store::resume(work.folder);
  for (const UnitRow& unit : store.units())
    if (unit.state == kUnitDone) control.own.insert(unit.id);
  const RunTime time;
  const double before = stored_seconds(store);
  begin(store, run);
  work.outcome = go_through(run, store, control, quiet);
  time.store_in(store, before);
  work.waits = some_wait(store.info());
  return work;
}

Share share_of(const std::string& text) {
  constexpr int kMost = 100'000;
  Share share;
  const char* const end = text.data() + text.size();
  const auto [slash, problem] = std::from_chars(text.data(), end, share.index);
  const bool has_slash = problem == std::errc{} && slash != end && *slash == '/';
  if (has_slash)
    if (const auto [last, wrong] = std::from_chars(slash + 1, end, share.count);
        wrong == std::errc{} && last == end && share.index >= 0 && share.index < share.count && share.count <= kMost)
      return share;
  fail("--worker {}: is no share such as 0/8, the first of eight, or 7/8, the last", printable(text));
}

void run_share(const Prepared& run, const std::filesystem::path& out, const Share& share, const RunControl& control,
               bool quiet) {
  const RunTime time;
  HashShares shares(share.index, share.count);
  const ShareDone work = do_share(run, out, fmt::format("{}-of-{}", share.index, share.count), shares, control, quiet);
  if (work.outcome.stopped) end_stopped(work.outcome);
  fmt::print("{:.0f} s: {} units computed, stored in {}; tertium merge {} joins all workers\n", time.so_far(),
             work.outcome.computed, work.folder.string(), out.string());
  if (work.waits)
    fmt::print("patches wait for all answers: after tertium merge {}, give the same command again\n", out.string());
  demand_whole(work.outcome);
}

}  // namespace tertium
