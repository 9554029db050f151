#include "tertium/store/sqlite.h"

#include <cassert>

#include "tertium/base/error.h"

namespace tertium {
namespace {

// A checkpoint or a recovery by another process takes moments; more than this is a lock that somebody holds.
constexpr int patience_ms = 2000;

std::string_view advice(int code) {
  switch (code & 0xff) {  // the low byte is the primary code
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another program is writing to it; wait for it or give another --out";
    case SQLITE_FULL:
      return "free some space on that disk";
    case SQLITE_IOERR:
      return "check that disk: is it full, over quota or gone?";
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return "check that the folder exists and may be written";
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return "it is no whole tertium database; name another folder";
    default:
      return "please report this";
  }
}

}  // namespace

Connection::Connection(const std::filesystem::path& path, Access access) : path_(path) {
  const int flags = access == Access::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags | SQLITE_OPEN_EXRESCODE, nullptr);
  handle_.reset(handle);  // to be closed even where opening failed
  if (code != SQLITE_OK) fail_with(code);
  sqlite3_busy_timeout(handle, patience_ms);
  // Files are untrusted: no functions from a schema, and no cell that reaches over its page.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_exec(handle, "PRAGMA cell_size_check = ON", nullptr, nullptr, nullptr);
}

void Connection::execute(const std::string& sql) const {
  const int code = sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail_with(code);
}

std::int64_t Connection::integer(const std::string& sql) const {
  Statement query(*this, sql);
  [[maybe_unused]] const bool has_row = query.next();
  assert(has_row);
  return query.integer(0);
}

bool Connection::is_gone() const {
  int moved = 0;
  sqlite3_file_control(handle(), nullptr, SQLITE_FCNTL_HAS_MOVED, &moved);
  return moved != 0;
}

void Connection::fail_with(int code) const {
  if (handle() && is_gone())
    fail("{}: was moved or removed meanwhile; what was written since is lost, so run again", path_.string());
  const char* problem = handle() ? sqlite3_errmsg(handle()) : sqlite3_errstr(code);
  fail("{}: {}; {}", path_.string(), problem, advice(code));
}

Statement::Statement(const Connection& connection, const std::string& sql) : connection_(&connection) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v2(connection.handle(), sql.c_str(), -1, &handle, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) connection.fail_with(code);
}

bool Statement::next() {
  const int code = sqlite3_step(handle_.get());
  if (code != SQLITE_ROW && code != SQLITE_DONE) connection_->fail_with(code);
  return code == SQLITE_ROW;
}

std::string_view Statement::view(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
  if (!text) return {};  // NULL
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

// The text outlives the step that follows at once, so SQLite need not copy it.
void Statement::bind(int parameter, std::string_view text) {
  // An empty view may point nowhere, which SQLite would take for NULL.
  const char* start = text.empty() ? "" : text.data();
  const int code = sqlite3_bind_text(handle_.get(), parameter + 1, start, static_cast<int>(text.size()), SQLITE_STATIC);
  if (code != SQLITE_OK) connection_->fail_with(code);
}

void Statement::bind_copy(int parameter, const std::string& text) {
  const int code =
      sqlite3_bind_text(handle_.get(), parameter + 1, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
  if (code != SQLITE_OK) connection_->fail_with(code);
}

void Statement::bind(int parameter, double number) {
  const int code = sqlite3_bind_double(handle_.get(), parameter + 1, number);
  if (code != SQLITE_OK) connection_->fail_with(code);
}

void Statement::bind_integer(int parameter, std::int64_t number) {
  const int code = sqlite3_bind_int64(handle_.get(), parameter + 1, number);
  if (code != SQLITE_OK) connection_->fail_with(code);
}

void Statement::bind_all(std::span<const Value> values) {
  int parameter = 0;
  for (const Value& value : values) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) bind_integer(parameter, *number);
    if (const auto* number = std::get_if<double>(&value)) bind(parameter, *number);
    if (const auto* text = std::get_if<std::string_view>(&value)) bind(parameter, *text);
    ++parameter;
  }
}

bool Statement::insert_all(std::span<const Value> values) {
  bind_all(values);
  return run_to_end();
}

void Statement::ask(std::span<const Value> values) {
  sqlite3_reset(handle_.get());
  sqlite3_clear_bindings(handle_.get());
  bind_all(values);
}

bool Statement::run_to_end() {
  const int code = sqlite3_step(handle_.get());
  sqlite3_reset(handle_.get());
  sqlite3_clear_bindings(handle_.get());
  if (code == SQLITE_CONSTRAINT_PRIMARYKEY) return false;
  if (code != SQLITE_DONE) connection_->fail_with(code);
  return true;
}

}  // namespace tertium
