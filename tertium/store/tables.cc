#include "tertium/store/tables.h"

#include <algorithm>
#include <cmath>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

using enum Column::Kind;

constexpr int kLayoutOfTexts = 4, kLayoutOfUnits = 5, kLayoutOfLens = 6, kLayoutOfAblations = 7;

std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> names;
  for (const Column& column : table.columns) names.emplace_back(column.name);
  return names;
}

// Rows come in the order of their numbers. Where they do not, pages of the file refer to each other in circles, and
// there would be no end to them.
std::string select(const Table& table, const TableRows::Where& where) {
  std::vector<std::string> conditions = {"TRUE"};
  for (const auto& [column, text] : where) conditions.push_back(column + " = ?");
  return fmt::format("SELECT {}, rowid FROM {} WHERE {} ORDER BY rowid", join(names_of(table)), table.name,
                     join(conditions, " AND "));
}

bool has_type_of(const Column& column, int type) {
  switch (column.kind) {
    case text:
      return type == SQLITE_TEXT;
    case integer:
      return type == SQLITE_INTEGER;
    default:
      return type == SQLITE_FLOAT;
  }
}

}  // namespace

// Rows keep their rowid, which is the order in which they were added.
const std::vector<Table>& tables() {
  static const std::vector<Table> all = {
      {"items",
       R"(CREATE TABLE items (
  task TEXT NOT NULL, item TEXT NOT NULL,
  category TEXT NOT NULL,
  unit TEXT NOT NULL,
  PRIMARY KEY (task, item)
) STRICT)",
       {{"task"}, {"item"}, {"category"}, {"unit"}}},
      {"texts",
       R"(CREATE TABLE texts (
  task TEXT NOT NULL, language TEXT NOT NULL, item TEXT NOT NULL,
  option INTEGER NOT NULL CHECK (option >= -1),
  text TEXT NOT NULL,
  PRIMARY KEY (task, language, item, option)
) STRICT)",
       {{"task"}, {"language"}, {"item"}, {"option", integer, -1}, {"text"}},
       kLayoutOfTexts},
      {"scores",
       R"(CREATE TABLE scores (
  task TEXT NOT NULL, language TEXT NOT NULL, item TEXT NOT NULL, protocol TEXT NOT NULL,
  option INTEGER NOT NULL CHECK (option >= 0),
  score REAL NOT NULL,
  tokens INTEGER NOT NULL CHECK (tokens >= 0),
  is_gold INTEGER NOT NULL CHECK (is_gold IN (0, 1)),
  characters INTEGER NOT NULL CHECK (characters >= 1),
  bytes INTEGER NOT NULL CHECK (bytes >= characters),
  PRIMARY KEY (task, language, item, protocol, option)
) STRICT)",
       {{"task"},
        {"language"},
        {"item"},
        {"protocol"},
        {"option", integer},
        {"score", real},
        {"tokens", integer},
        {"is_gold", integer, 0, 1},
        {"characters", integer, 1},
        {"bytes", integer, 1}}},
      {"alignment",
       R"(CREATE TABLE alignment (
  task TEXT NOT NULL, language TEXT NOT NULL, item TEXT NOT NULL, metric TEXT NOT NULL, stream TEXT NOT NULL,
  layer INTEGER NOT NULL CHECK (layer >= 0),
  value REAL NOT NULL,
  PRIMARY KEY (task, language, item, metric, stream, layer)
) STRICT)",
       {{"task"}, {"language"}, {"item"}, {"metric"}, {"stream"}, {"layer", integer}, {"value", real}}},
      {"patches",
       R"(CREATE TABLE patches (
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
) STRICT)",
       {{"task"},
        {"language"},
        {"item"},
        {"protocol"},
        {"direction"},
        {"site"},
        {"layer", integer},
        {"head", integer, -1},
        {"window", integer, 1},
        {"position"},
        {"control"},
        {"draw", integer},
        {"donor"},
        {"option", integer},
        {"score", real}}},
      {"corpora",
       R"(CREATE TABLE corpora (
  corpus TEXT NOT NULL, language TEXT NOT NULL, pooling TEXT NOT NULL, stream TEXT NOT NULL,
  layer INTEGER NOT NULL CHECK (layer >= 0),
  measure TEXT NOT NULL,
  value REAL NOT NULL, chance REAL NOT NULL,
  PRIMARY KEY (corpus, language, pooling, stream, layer, measure)
) STRICT)",
       {{"corpus"},
        {"language"},
        {"pooling"},
        {"stream"},
        {"layer", integer},
        {"measure"},
        {"value", real},
        {"chance", real}}},
      {"lens",
       R"(CREATE TABLE lens (
  task TEXT NOT NULL, language TEXT NOT NULL, item TEXT NOT NULL, protocol TEXT NOT NULL,
  layer INTEGER NOT NULL CHECK (layer >= 0),
  token_of TEXT NOT NULL,
  token INTEGER NOT NULL CHECK (token >= 0),
  log_prob REAL, logit REAL, entropy REAL,
  PRIMARY KEY (task, language, item, protocol, layer, token_of),
  CHECK ((log_prob IS NULL) <> (logit IS NULL))
) STRICT)",
       {{"task"},
        {"language"},
        {"item"},
        {"protocol"},
        {"layer", integer},
        {"token_of"},
        {"token", integer},
        {.name = "log_prob", .kind = real, .may_be_null = true},
        {.name = "logit", .kind = real, .may_be_null = true},
        {.name = "entropy", .kind = real, .may_be_null = true}},
       kLayoutOfLens},
      {"repairs",
       R"(CREATE TABLE repairs (
  task TEXT NOT NULL, language TEXT NOT NULL, item TEXT NOT NULL, protocol TEXT NOT NULL,
  repair TEXT NOT NULL,
  layer INTEGER NOT NULL CHECK (layer >= 0),
  alpha REAL NOT NULL,
  part TEXT NOT NULL CHECK (part IN ('fit', 'test')),
  control TEXT NOT NULL,
  option INTEGER NOT NULL CHECK (option >= 0),
  score REAL NOT NULL,
  PRIMARY KEY (task, language, item, protocol, repair, layer, alpha, part, control, option)
) STRICT)",
       {{"task"},
        {"language"},
        {"item"},
        {"protocol"},
        {"repair"},
        {"layer", integer},
        {"alpha", real},
        {"part"},
        {"control"},
        {"option", integer},
        {"score", real}},
       kLayoutOfAblations},
      {"ablations",
       R"(CREATE TABLE ablations (
  task TEXT NOT NULL, language TEXT NOT NULL, item TEXT NOT NULL, protocol TEXT NOT NULL,
  component TEXT NOT NULL,
  layer INTEGER NOT NULL CHECK (layer >= 0),
  head INTEGER NOT NULL CHECK (head >= -1),
  operation TEXT NOT NULL, reference TEXT NOT NULL, control TEXT NOT NULL, position TEXT NOT NULL,
  option INTEGER NOT NULL CHECK (option >= 0),
  score REAL NOT NULL,
  PRIMARY KEY (task, language, item, protocol, component, layer, head, operation, reference, control, position, option)
) STRICT)",
       {{"task"},
        {"language"},
        {"item"},
        {"protocol"},
        {"component"},
        {"layer", integer},
        {"head", integer, -1},
        {"operation"},
        {"reference"},
        {"control"},
        {"position"},
        {"option", integer},
        {"score", real}},
       kLayoutOfAblations},
      {"ablated_alignment",
       R"(CREATE TABLE ablated_alignment (
  task TEXT NOT NULL, language TEXT NOT NULL, item TEXT NOT NULL,
  component TEXT NOT NULL,
  layer INTEGER NOT NULL CHECK (layer >= 0),
  head INTEGER NOT NULL CHECK (head >= -1),
  operation TEXT NOT NULL, reference TEXT NOT NULL, control TEXT NOT NULL, position TEXT NOT NULL,
  metric TEXT NOT NULL, stream TEXT NOT NULL,
  at INTEGER NOT NULL CHECK (at >= 0),
  value REAL NOT NULL,
  PRIMARY KEY (task, language, item, component, layer, head, operation, reference, control, position, metric, stream,
               at)
) STRICT)",
       {{"task"},
        {"language"},
        {"item"},
        {"component"},
        {"layer", integer},
        {"head", integer, -1},
        {"operation"},
        {"reference"},
        {"control"},
        {"position"},
        {"metric"},
        {"stream"},
        {"at", integer},
        {"value", real}},
       kLayoutOfAblations},
      {"units",
       R"(CREATE TABLE units (
  id TEXT NOT NULL PRIMARY KEY,
  task TEXT NOT NULL, protocol TEXT NOT NULL, language TEXT NOT NULL, direction TEXT NOT NULL,
  first_item TEXT NOT NULL,
  items INTEGER NOT NULL CHECK (items >= 0),
  state TEXT NOT NULL,
  seconds REAL NOT NULL,
  rows INTEGER NOT NULL CHECK (rows >= 0),
  worker TEXT NOT NULL,
  stage TEXT NOT NULL,
  part TEXT NOT NULL,
  ties INTEGER NOT NULL CHECK (ties >= 0),
  error TEXT NOT NULL
) STRICT)",
       {{"id"},
        {"task"},
        {"protocol"},
        {"language"},
        {"direction"},
        {"first_item"},
        {"items", integer},
        {"state"},
        {"seconds", real},
        {"rows", integer},
        {"worker"},
        {"stage"},
        {"part"},
        {"ties", integer},
        {"error"}},
       kLayoutOfUnits},
      {"runs", "CREATE TABLE runs (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT", {{"key"}, {"value"}}}};
  return all;
}

const Table& table_named(std::string_view name) {
  std::vector<std::string> known;
  for (const Table& table : tables()) {
    if (table.name == name) return table;
    known.emplace_back(table.name);
  }
  fail("no table \"{}\"; the tables are {}", printable(name), join(known));
}

// What is a view, or has columns that are computed, may take any time to read.
void demand_tables(const Connection& connection, std::int64_t layout) {
  for (const Table& table : tables()) {
    if (table.since > layout) continue;
    Statement query(connection, fmt::format("SELECT sql FROM sqlite_schema WHERE name = '{}'", table.name));
    if (!query.next())
      fail("{}: has no table {}; it is not as a run left it; run again, or give another folder",
           connection.path().string(), table.name);
    if (query.text(0) != table.sql)
      fail("{}: its table {} is not as a run makes it; run again, or give another folder", connection.path().string(),
           table.name);
  }
}

TableRows::TableRows(const Connection& connection, const Table& table, const Where& where)
    : connection_(&connection), table_(&table), query_(connection, select(table, where)) {
  int parameter = 0;
  for (const auto& [column, text] : where) query_.bind_copy(parameter++, text);
}

bool TableRows::next() {
  if (!query_.next()) return false;
  const auto columns = static_cast<int>(table_->columns.size());
  const std::int64_t row = query_.integer(columns);
  if (row <= row_)
    fail("{}: table {}: row {} comes behind row {}; the file is damaged, so run again", connection_->path().string(),
         table_->name, row, row_);
  row_ = row;
  for (int column = 0; column < columns; ++column) check(column);
  return true;
}

void TableRows::check(int column) const {
  const Column& rule = table_->columns[column];
  if (rule.may_be_null && is_null(column)) return;
  if (!has_type_of(rule, query_.type(column))) refuse(column, "of another type than its column");
  if (rule.kind == Column::Kind::text && !is_utf8(query_.view(column))) refuse(column, "no UTF-8 text");
  if (rule.kind == Column::Kind::real && !std::isfinite(query_.real(column))) refuse(column, "not finite");
  if (rule.kind != Column::Kind::integer) return;
  const std::int64_t number = query_.integer(column);
  if (number < rule.low || number > rule.high)
    refuse(column, fmt::format("{}, outside {} to {}", number, rule.low, rule.high));
}

void TableRows::refuse(int column, std::string_view problem) const {
  fail("{}: table {}, row {}: its {} is {}; the file is not as a run left it, so run again",
       connection_->path().string(), table_->name, row_, table_->columns[column].name, problem);
}

}  // namespace tertium
