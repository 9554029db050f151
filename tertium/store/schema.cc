#include "tertium/store/schema.h"

#include "tertium/base/error.h"
#include "tertium/store/store.h"

namespace tertium {
namespace {

constexpr int application_id = 0x74727469;  // "trti": `file results.db` shows it
constexpr int schema_version = 2;           // counts up with every change below; docs/results.md tells them apart

// Rows keep their rowid, which is the order in which they were added.
constexpr char schema[] = R"(
CREATE TABLE items (
  task TEXT NOT NULL, item TEXT NOT NULL,
  category TEXT NOT NULL,
  PRIMARY KEY (task, item)
) STRICT;
CREATE TABLE scores (
  task TEXT NOT NULL, language TEXT NOT NULL, item TEXT NOT NULL, protocol TEXT NOT NULL,
  option INTEGER NOT NULL CHECK (option >= 0),
  score REAL NOT NULL,
  tokens INTEGER NOT NULL CHECK (tokens >= 0),
  is_gold INTEGER NOT NULL CHECK (is_gold IN (0, 1)),
  PRIMARY KEY (task, language, item, protocol, option)
) STRICT;
CREATE TABLE alignment (
  task TEXT NOT NULL, language TEXT NOT NULL, item TEXT NOT NULL, metric TEXT NOT NULL, stream TEXT NOT NULL,
  layer INTEGER NOT NULL CHECK (layer >= 0),
  value REAL NOT NULL,
  PRIMARY KEY (task, language, item, metric, stream, layer)
) STRICT;
CREATE TABLE patches (
  task TEXT NOT NULL, language TEXT NOT NULL, item TEXT NOT NULL, protocol TEXT NOT NULL,
  direction TEXT NOT NULL, site TEXT NOT NULL,
  layer INTEGER NOT NULL CHECK (layer >= 0),
  head INTEGER NOT NULL CHECK (head >= -1),
  window INTEGER NOT NULL CHECK (window >= 1),
  position TEXT NOT NULL, control TEXT NOT NULL,
  draw INTEGER NOT NULL CHECK (draw >= 0),
  donor TEXT NOT NULL,
  option INTEGER NOT NULL CHECK (option >= 0),
  score REAL NOT NULL,
  PRIMARY KEY (task, language, item, protocol, direction, site, layer, head, window, position, control, draw,
               option)
) STRICT;
CREATE TABLE runs (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT;
)";

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

/// A run in progress holds the write lock from its start to its end; to delete its file would lose its rows silently.
void refuse_if_running(const std::filesystem::path& path) {
  sqlite3* handle = nullptr;
  int code = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE, nullptr);
  if (code == SQLITE_OK) code = sqlite3_exec(handle, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
  sqlite3_close(handle);
  // Any other failure (no database, another version) is no reason to keep what the user wants replaced.
  if (code == SQLITE_BUSY) fail("{}: a run is still writing to it; stop that run or give another --out", path.string());
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
  const std::filesystem::path path = results_in(folder);
  if (!has_results(path)) return;
  if (!replace) fail("{}: holds results already; give another --out, or --force to replace them", folder.string());
  refuse_if_running(path);
}

Connection create_results(const std::filesystem::path& folder, bool replace) {
  demand_free(folder, replace);
  const std::filesystem::path path = results_in(folder);
  if (has_results(path)) remove_results(path);
  Connection connection(path, Connection::Access::create);
  connection.execute("PRAGMA journal_mode = WAL");  // so that a report can read while the run writes
  connection.execute("BEGIN IMMEDIATE");
  connection.execute(fmt::format("PRAGMA application_id = {}", application_id));
  connection.execute(fmt::format("PRAGMA user_version = {}", schema_version));
  connection.execute(schema);
  connection.execute("COMMIT; BEGIN IMMEDIATE");
  return connection;
}

Connection open_results(const std::filesystem::path& folder) {
  const std::filesystem::path path = results_in(folder);
  if (!has_results(path)) fail("{}: holds no results.db; name the --out folder of a run", folder.string());
  Connection connection(path, Connection::Access::read);
  connection.execute("BEGIN");  // the first query below fixes what all later ones see
  if (!is_ours(connection)) fail("{}: is no tertium database; name the --out folder of a run", path.string());
  const std::int64_t version = connection.integer("PRAGMA user_version");
  if (version != schema_version)
    fail("{}: has layout {} but this tertium reads layout {}; use the version that wrote it", path.string(), version,
         schema_version);
  return connection;
}

std::vector<std::string> table_names() { return {"items", "scores", "alignment", "patches", "runs"}; }

}  // namespace tertium
