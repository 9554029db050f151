#include "tertium/store/schema.h"

#include "tertium/base/error.h"
#include "tertium/store/store.h"
#include "tertium/store/tables.h"

namespace tertium {
namespace {

constexpr int application_id = 0x74727469;  // "trti": `file results.db` shows it
constexpr int schema_version = 4;           // counts up with every change below; docs/results.md tells them apart
constexpr int oldest_readable = 3;          // what is newer only adds tables (Table::since)

std::filesystem::path results_in(const std::filesystem::path& folder) { return folder / "results.db"; }

void make_folder(const std::filesystem::path& folder) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem) fail("{}: cannot be made ({}); give another --out", folder.string(), problem.message());
}

// An empty file is what a run leaves that failed before it had any tables.
bool has_results(const std::filesystem::path& path) {
  std::error_code absent;
  return std::filesystem::exists(path, absent) && !std::filesystem::is_empty(path, absent);
}

FolderLock lock(const std::filesystem::path& folder) {
  std::optional<FolderLock> lock = FolderLock::take(folder);
  if (!lock) fail("{}: a run is still writing to it; wait for it, stop it or give another --out", folder.string());
  return std::move(*lock);
}

/// What is not a run of ours may hold the write lock; to delete its file would lose its rows silently.
void refuse_if_written(const std::filesystem::path& path) {
  sqlite3* handle = nullptr;
  int code = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE, nullptr);
  if (code == SQLITE_OK) code = sqlite3_exec(handle, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
  sqlite3_close(handle);
  // Any other failure (no database, another version) is no reason to keep what the user wants replaced.
  if (code == SQLITE_BUSY) fail("{}: another program is writing to it; end that or give another --out", path.string());
}

void refuse_results(const std::filesystem::path& folder, bool replace) {
  if (!has_results(results_in(folder))) return;
  if (!replace) fail("{}: holds results already; give another --out, or --force to replace them", folder.string());
  refuse_if_written(results_in(folder));
}

void remove_results(const std::filesystem::path& path) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
    std::error_code problem;
    std::filesystem::remove(path.string() + suffix, problem);
    if (problem) fail("{}{}: cannot be replaced ({}); give another --out", path.string(), suffix, problem.message());
  }
}

bool is_ours(const Connection& connection) { return connection.integer("PRAGMA application_id") == application_id; }

}  // namespace

void demand_free(const std::filesystem::path& folder, bool replace) {
  make_folder(folder);
  const FolderLock free = lock(folder);
  refuse_results(folder, replace);
}

NewResults create_results(const std::filesystem::path& folder, bool replace) {
  make_folder(folder);
  FolderLock ours = lock(folder);
  refuse_results(folder, replace);
  const std::filesystem::path path = results_in(folder);
  if (has_results(path)) remove_results(path);
  Connection connection(path, Connection::Access::create);
  // In one step, so that nobody sees half of it.
  connection.execute("BEGIN EXCLUSIVE");
  connection.execute(fmt::format("PRAGMA application_id = {}", application_id));
  connection.execute(fmt::format("PRAGMA user_version = {}", schema_version));
  for (const Table& table : tables()) connection.execute(table.sql);
  connection.execute("COMMIT");
  connection.execute("PRAGMA journal_mode = WAL");  // so that a report can read while the run writes
  connection.execute("BEGIN IMMEDIATE");
  return {std::move(ours), std::move(connection)};
}

Connection open_results(const std::filesystem::path& folder) {
  const std::filesystem::path path = results_in(folder);
  if (!has_results(path)) fail("{}: holds no results.db; name the --out folder of a run", folder.string());
  Connection connection(path, Connection::Access::read);
  connection.execute("BEGIN");  // the first query below fixes what all later ones see
  if (!is_ours(connection)) fail("{}: is no tertium database; name the --out folder of a run", path.string());
  const std::int64_t version = connection.integer("PRAGMA user_version");
  if (version < oldest_readable || version > schema_version)
    fail("{}: has layout {} but this tertium reads layouts {} to {}; use the version that wrote it", path.string(),
         version, oldest_readable, schema_version);
  demand_tables(connection, version);
  return connection;
}

bool has_table(const Connection& connection, const std::string& name) {
  return table_named(name).since <= connection.integer("PRAGMA user_version");
}

std::vector<std::string> table_names() {
  std::vector<std::string> names;
  for (const Table& table : tables()) names.emplace_back(table.name);
  return names;
}

}  // namespace tertium
