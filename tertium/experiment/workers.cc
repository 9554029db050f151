#include "tertium/experiment/workers.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/experiment/resume.h"
#include "tertium/experiment/stages.h"
#include "tertium/store/folder_lock.h"
#include "tertium/store/join.h"
#include "tertium/store/store.h"

namespace tertium {
namespace {

constexpr char kSeconds[] = "seconds", kStarted[] = "started";

std::vector<std::filesystem::path> folders_of_workers(const std::filesystem::path& out) {
  std::vector<std::filesystem::path> folders;
  std::error_code absent;
  for (const auto& entry : std::filesystem::directory_iterator(workers_folder(out), absent))
    if (entry.is_directory()) folders.push_back(entry.path());
  std::ranges::sort(folders);
  return folders;
}

/// A worker's results, which no one else writes to meanwhile.
struct Worker {
  std::filesystem::path folder;
  FolderLock lock;
  RunInfo info;  // empty where it was killed before it had said anything
};

std::optional<Worker> worker_in(const std::filesystem::path& folder, Joined& joined) {
  FolderLock::Taken taken = FolderLock::take(folder);
  if (!taken.lock) {
    joined.writing.push_back(
        fmt::format("{} ({})", printable(folder.filename().string()), printable(taken.holder, 200)));
    return std::nullopt;
  }
  RunInfo info;
  if (Store::has_results(folder)) info = Store::open(folder).info();
  return Worker{folder, std::move(*taken.lock), std::move(info)};
}

/// The times of a run are its own, and how far it is is known of all workers together.
bool is_of_worker_alone(const std::string& key) {
  static const std::vector<std::string> keys = {kSeconds, kStarted, "continued", "finished"};
  return key.starts_with("stage ") || std::ranges::find(keys, key) != keys.end();
}

void take_info(Store& store, const Worker& worker) {
  for (const auto& [key, value] : worker.info)
    if (!is_of_worker_alone(key)) store.set_info(key, value);
  std::map<std::string, std::string> known;
  for (const auto& [key, value] : store.info()) known.emplace(key, value);
  for (const auto& [key, value] : worker.info)
    if (key == kStarted && (!known.contains(key) || value < known[key])) store.set_info(key, value);
}

double seconds_in(const RunInfo& info) {
  for (const auto& [key, value] : info)
    if (key == kSeconds) return std::strtod(value.c_str(), nullptr);
  return 0;
}

void remove_folder(const std::filesystem::path& folder) {
  std::error_code problem;
  std::filesystem::remove_all(folder, problem);
  if (problem) fail("{}: cannot be removed ({}); remove it yourself", folder.string(), problem.message());
}

}  // namespace

std::filesystem::path workers_folder(const std::filesystem::path& out) { return out / "workers"; }

std::filesystem::path make_worker(const std::filesystem::path& out, const std::string& name) {
  const std::filesystem::path folder = workers_folder(out) / name;
  (void)Store::demand_free(folder, /*replace=*/true);
  if (!Store::has_results(folder)) Store::create(folder, /*replace=*/false);
  if (!Store::has_results(out)) return folder;
  const RunInfo own = Store::open(folder).info();
  if (const auto different = unlike(own, Store::open(out).info()); !own.empty() && !different.empty())
    fail("{}: was made from something else than {}: {}; remove it", folder.string(), out.string(), join(different));
  copy_rows(out, folder, {"items", "texts", "scores", "units", "runs"});
  Store store = Store::resume(folder);
  store.forget_info("finished");
  forget_stages(store);
  store.commit();
  return folder;
}

Joined join_workers(const std::filesystem::path& out) {
  Joined joined;
  std::vector<Worker> workers;
  for (const std::filesystem::path& folder : folders_of_workers(out))
    if (std::optional<Worker> worker = worker_in(folder, joined)) workers.push_back(std::move(*worker));
  std::optional<RunInfo> theirs;
  std::string first = out.string();
  if (Store::has_results(out)) theirs = Store::open(out).info();
  for (const Worker& worker : workers) {
    if (!theirs || theirs->empty()) theirs = worker.info, first = worker.folder.string();
    if (const auto different = unlike(worker.info, *theirs); !different.empty())
      fail("{}: was made from something else than {}: {}; remove the folder that is wrong", worker.folder.string(),
           first, join(different));
  }
  std::vector<std::string> tables = table_names();
  std::erase(tables, "runs");
  std::vector<RunInfo> infos;
  for (const Worker& worker : workers) {
    if (!worker.info.empty()) {
      if (!Store::has_results(out)) Store::create(out, /*replace=*/false);
      copy_rows(worker.folder, out, tables);
      infos.push_back(worker.info);
      joined.seconds = std::max(joined.seconds, seconds_in(worker.info));
      joined.workers.push_back(worker.folder.filename().string());
    }
  }
  if (!infos.empty()) {
    Store store = Store::resume(out);
    for (const Worker& worker : workers) take_info(store, worker);
    take_stages(store, infos);
    store.commit();
  }
  for (const Worker& worker : workers) remove_folder(worker.folder);
  std::error_code ignored;
  std::filesystem::remove(workers_folder(out), ignored);  // if nobody is left
  return joined;
}

void discard_workers(const std::filesystem::path& out) {
  for (const std::filesystem::path& folder : folders_of_workers(out)) {
    FolderLock::Taken taken = FolderLock::take(folder);
    if (!taken.lock)
      fail("{}: a worker is still writing to it, {}; wait for it, stop it or give another --out", folder.string(),
           printable(taken.holder, 200));
    remove_folder(folder);
  }
}

}  // namespace tertium
