#include "tertium/store/store.h"

#include <cmath>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/store/schema.h"
#include "tertium/store/sqlite.h"

namespace tertium {
namespace {

// For error messages: which row it is.
std::string place(const ItemRow& row) { return fmt::format("items: item \"{}\" ({})", printable(row.item), row.task); }

std::string place(const ScoreRow& row) {
  return fmt::format("scores: item \"{}\" ({} {}, {}, option {})", printable(row.item), row.task, row.language,
                     row.protocol, row.option);
}

std::string place(const AlignmentRow& row) {
  return fmt::format("alignment: item \"{}\" ({} {}, {}, {} {})", printable(row.item), row.task, row.language,
                     row.metric, row.stream, row.layer);
}

std::string place(const PatchRow& row) {
  return fmt::format("patches: item \"{}\" ({} {}, {}, {}, {}@{}{}, {}, {} {}, option {})", printable(row.item),
                     row.task, row.language, row.protocol, row.direction, row.site, row.layer,
                     row.head < 0 ? "" : fmt::format(".{}", row.head), row.position, row.control, row.draw, row.option);
}

// SQLite would turn NaN into NULL; infinity has no spelling in JSON.
template <class Row>
void check_finite(double number, const Row& row, const Connection& connection) {
  if (!std::isfinite(number))
    fail("{}: {}: the number is {}; the model overflows there, so try dtype = \"f32\"", connection.path().string(),
         place(row), number);
}

template <class Row>
void check_new(bool is_new, const Row& row, const Connection& connection) {
  if (!is_new)
    fail("{}: {}: this row is there already; each may be added once", connection.path().string(), place(row));
}

}  // namespace

struct Store::Database {
  Connection connection;  // first, so that it is closed last
  bool is_writer;
  Statement insert_item{connection, "INSERT INTO items VALUES (?, ?, ?)"};
  Statement insert_score{connection, "INSERT INTO scores VALUES (?, ?, ?, ?, ?, ?, ?, ?)"};
  Statement insert_alignment{connection, "INSERT INTO alignment VALUES (?, ?, ?, ?, ?, ?, ?)"};
  Statement insert_patch{connection, "INSERT INTO patches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
  Statement set_info{connection,
                     "INSERT INTO runs VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"};

  Database(Connection opened, bool writes) : connection(std::move(opened)), is_writer(writes) {}
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  ~Database() {
    if (!is_writer) return;
    sqlite3_exec(connection.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
    // A finished file without WAL is one plain file, which also opens on a disk that cannot be written. Where somebody
    // is reading just now this fails and the WAL stays, which is as good.
    sqlite3_busy_timeout(connection.handle(), 0);
    sqlite3_exec(connection.handle(), "PRAGMA journal_mode = DELETE", nullptr, nullptr, nullptr);
  }
};

Store Store::create(const std::filesystem::path& folder, bool replace) {
  return Store(std::make_shared<Database>(create_results(folder, replace), true));
}

void Store::demand_free(const std::filesystem::path& folder, bool replace) { tertium::demand_free(folder, replace); }

Store Store::open(const std::filesystem::path& folder) {
  return Store(std::make_shared<Database>(open_results(folder), false));
}

void Store::add(const ItemRow& row) {
  check_new(database_->insert_item.insert(row.task, row.item, row.category), row, database_->connection);
}

void Store::add(const ScoreRow& row) {
  check_finite(row.score, row, database_->connection);
  const bool is_new = database_->insert_score.insert(row.task, row.language, row.item, row.protocol, row.option,
                                                     row.score, row.tokens, row.is_gold);
  check_new(is_new, row, database_->connection);
}

void Store::add(const AlignmentRow& row) {
  check_finite(row.value, row, database_->connection);
  const bool is_new = database_->insert_alignment.insert(row.task, row.language, row.item, row.metric, row.stream,
                                                         row.layer, row.value);
  check_new(is_new, row, database_->connection);
}

void Store::add(const PatchRow& row) {
  check_finite(row.score, row, database_->connection);
  const bool is_new = database_->insert_patch.insert(row.task, row.language, row.item, row.protocol, row.direction,
                                                     row.site, row.layer, row.head, row.window, row.position,
                                                     row.control, row.draw, row.donor, row.option, row.score);
  check_new(is_new, row, database_->connection);
}

void Store::set_info(const std::string& key, const std::string& value) {
  (void)database_->set_info.insert(key, value);  // an old key is no conflict here
}

// Between commits a transaction is always open: it makes adding fast, and its lock shows that a run is going on.
void Store::commit() { database_->connection.execute("COMMIT; BEGIN IMMEDIATE"); }

std::vector<ItemRow> Store::items() const {
  Statement query(database_->connection, "SELECT task, item, category FROM items ORDER BY rowid");
  std::vector<ItemRow> rows;
  while (query.next()) rows.push_back({.task = query.text(0), .item = query.text(1), .category = query.text(2)});
  return rows;
}

std::vector<ScoreRow> Store::scores() const {
  Statement query(database_->connection,
                  "SELECT task, language, item, protocol, option, score, tokens, is_gold FROM scores ORDER BY rowid");
  std::vector<ScoreRow> rows;
  while (query.next())
    rows.push_back({.task = query.text(0),
                    .language = query.text(1),
                    .item = query.text(2),
                    .protocol = query.text(3),
                    .option = static_cast<int>(query.integer(4)),
                    .score = query.real(5),
                    .tokens = static_cast<int>(query.integer(6)),
                    .is_gold = query.integer(7) != 0});
  return rows;
}

std::vector<AlignmentRow> Store::alignment() const {
  Statement query(database_->connection,
                  "SELECT task, language, item, metric, stream, layer, value FROM alignment ORDER BY rowid");
  std::vector<AlignmentRow> rows;
  while (query.next())
    rows.push_back({.task = query.text(0),
                    .language = query.text(1),
                    .item = query.text(2),
                    .metric = query.text(3),
                    .stream = query.text(4),
                    .layer = static_cast<int>(query.integer(5)),
                    .value = query.real(6)});
  return rows;
}

std::vector<PatchRow> Store::patches() const {
  Statement query(
      database_->connection,
      "SELECT task, language, item, protocol, direction, site, layer, position, control, draw, donor, option, "
      "score, head, window FROM patches ORDER BY rowid");
  std::vector<PatchRow> rows;
  while (query.next())
    rows.push_back({.task = query.text(0),
                    .language = query.text(1),
                    .item = query.text(2),
                    .protocol = query.text(3),
                    .direction = query.text(4),
                    .site = query.text(5),
                    .layer = static_cast<int>(query.integer(6)),
                    .position = query.text(7),
                    .control = query.text(8),
                    .draw = static_cast<int>(query.integer(9)),
                    .donor = query.text(10),
                    .option = static_cast<int>(query.integer(11)),
                    .score = query.real(12),
                    .head = static_cast<int>(query.integer(13)),
                    .window = static_cast<int>(query.integer(14))});
  return rows;
}

RunInfo Store::info() const {
  Statement query(database_->connection, "SELECT key, value FROM runs ORDER BY rowid");
  RunInfo info;
  while (query.next()) info.emplace_back(query.text(0), query.text(1));
  return info;
}

}  // namespace tertium
