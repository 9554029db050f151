#include "tertium/store/schema.h"

#include <system_error>

#include "tertium/base/error.h"
#include "tertium/base/file.h"
#include "tertium/base/folder.h"
#include "tertium/store/store.h"
#include "tertium/store/tables.h"
#include "tertium/store/views.h"

namespace tertium {
namespace {

constexpr int application_id = 0x74727469;  // "trti": `file results.db` shows it
constexpr int oldest_readable = 3;          // from there to 7 tables were added (Table::since); 8 has them in parts

std::filesystem::path results_in(const std::filesystem::path& folder) { return folder / "results.db"; }

void make_folder(const std::filesystem::path& folder) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem) fail("{}: cannot be made ({}); give another --out", folder.string(), problem.message());
}

// An empty file is what a run leaves that failed before it had any tables.
bool has_bytes(const std::filesystem::path& path) {
  std::error_code absent;
  return std::filesystem::exists(path, absent) && !std::filesystem::is_empty(path, absent);
}

FolderLock::Taken lock(const std::filesystem::path& folder) {
  FolderLock::Taken taken = FolderLock::take(folder);
  if (!taken.lock)
    fail("{}: a run is still writing to it, {}; wait for it, stop it or give another --out", folder.string(),
         taken.holder);
  return taken;
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
  if (!has_bytes(results_in(folder))) return;
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

void make_views(const Connection& connection) {
  for (const Table& table : tables())
    if (table.has_series()) connection.execute(view_of(table));
  connection.execute(views_sql());
}

bool is_ours(const Connection& connection) { return connection.integer("PRAGMA application_id") == application_id; }

/// Throws Error unless the tables are ours, of a layout from `oldest` on.
void demand_layout(const Connection& connection, int oldest) {
  const std::string path = connection.path().string();
  if (!is_ours(connection)) fail("{}: is no tertium database; name the --out folder of a run", path);
  const std::int64_t version = layout_of(connection);
  if (version < oldest || version > kCurrentLayout)
    fail("{}: has layout {} but this tertium {} {}; use the version that wrote it", path, version,
         oldest < kCurrentLayout ? "reads layouts" : "goes on with layout",
         oldest < kCurrentLayout ? fmt::format("{} to {}", oldest, kCurrentLayout) : std::to_string(oldest));
  demand_tables(connection, version);
}

}  // namespace

std::string demand_free(const std::filesystem::path& folder, bool replace) {
  const bool is_made = is_there(folder);
  if (const std::error_code problem = folder_problem(folder))
    fail("{}: cannot be {} ({}); give another --out", folder.string(), is_made ? "written" : "made", problem.message());
  if (!is_made) return {};
  const FolderLock::Taken taken = lock(folder);
  refuse_results(folder, replace);
  return taken.left_by;
}

bool has_results(const std::filesystem::path& folder) {
  const std::filesystem::path path = results_in(folder);
  if (!has_bytes(path)) return false;
  // A run that was killed while it made its tables leaves a journal by which SQLite undoes that.
  sqlite3* handle = nullptr;
  sqlite3_stmt* query = nullptr;
  bool empty = false;
  if (sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK &&
      sqlite3_prepare_v2(handle, "SELECT count(*) FROM sqlite_schema", -1, &query, nullptr) == SQLITE_OK &&
      sqlite3_step(query) == SQLITE_ROW)
    empty = sqlite3_column_int64(query, 0) == 0;
  sqlite3_finalize(query);
  sqlite3_close(handle);
  return !empty;
}

WrittenResults resume_results(const std::filesystem::path& folder) {
  FolderLock::Taken ours = lock(folder);
  const std::filesystem::path path = results_in(folder);
  if (!has_bytes(path)) fail("{}: holds no results.db; name the --out folder of a run", folder.string());
  Connection connection(path, Connection::Access::create);
  demand_layout(connection, kCurrentLayout);
  connection.execute("PRAGMA journal_mode = WAL");
  make_views(connection);
  connection.execute("BEGIN IMMEDIATE");
  return {std::move(*ours.lock), std::move(connection)};
}

WrittenResults create_results(const std::filesystem::path& folder, bool replace) {
  make_folder(folder);
  FolderLock::Taken ours = lock(folder);
  const std::filesystem::path path = results_in(folder);
  if (replace || has_results(folder)) refuse_results(folder, replace);
  if (has_bytes(path)) remove_results(path);
  Connection connection(path, Connection::Access::create);
  // In one step, so that nobody sees half of it.
  connection.execute("BEGIN EXCLUSIVE");
  connection.execute(fmt::format("PRAGMA application_id = {}", application_id));
  connection.execute(fmt::format("PRAGMA user_version = {}", kCurrentLayout));
  for (const TablePart& part : parts_of(kCurrentLayout)) connection.execute(part.sql);
  make_views(connection);
  connection.execute("COMMIT");
  connection.execute("PRAGMA journal_mode = WAL");  // so that a report can read while the run writes
  connection.execute("BEGIN IMMEDIATE");
  return {std::move(*ours.lock), std::move(connection)};
}

void move_results(const std::filesystem::path& from, const std::filesystem::path& to, bool replace) {
  make_folder(to);
  const FolderLock::Taken ours = lock(to);
  refuse_results(to, replace);
  remove_results(results_in(to));
  std::error_code problem;
  std::filesystem::rename(results_in(from), results_in(to), problem);
  if (problem) fail("{}: cannot be written ({}); give another --out", results_in(to).string(), problem.message());
}

Connection open_results(const std::filesystem::path& folder, OldLayouts older) {
  const std::filesystem::path path = results_in(folder);
  if (!has_bytes(path)) fail("{}: holds no results.db; name the --out folder of a run", folder.string());
  Connection connection(path, Connection::Access::read);
  connection.execute("BEGIN");  // the first query below fixes what all later ones see
  demand_layout(connection, older == OldLayouts::read ? oldest_readable : kCurrentLayout);
  return connection;
}

bool has_table(const Connection& connection, const std::string& name) {
  return table_named(name).since <= layout_of(connection);
}

std::int64_t rows_in(const Connection& connection, const std::string& name) {
  if (!has_table(connection, name)) return 0;
  const Table& table = table_named(name);
  return connection.integer(
      fmt::format("SELECT count(*) FROM {}", is_in_parts(table, layout_of(connection)) ? rows_table(table) : name));
}

std::vector<std::string> table_names() {
  std::vector<std::string> names;
  for (const Table& table : tables()) names.emplace_back(table.name);
  return names;
}

}  // namespace tertium
