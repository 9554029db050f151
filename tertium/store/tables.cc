#include "tertium/store/tables.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

using enum Column::Kind;

constexpr int kLayoutOfTexts = 4, kLayoutOfUnits = 5, kLayoutOfLens = 6, kLayoutOfAblations = 7, kLayoutOfSeries = 8,
              kLayoutOfGenerations = 8;

/// The same for all rows of a series.
Column shared(const char* name) { return {.name = name, .place = Column::Place::series}; }
Column shared(const char* name, std::int64_t low) {
  return {.name = name, .kind = integer, .low = low, .place = Column::Place::series};
}

/// Tells rows of a series apart.
Column key(const char* name, Column::Kind kind = text, std::int64_t low = 0) {
  return {.name = name, .kind = kind, .low = low, .place = Column::Place::key};
}

/// `before`, the columns that tell which ablation a row is of, and `after`.
std::vector<Column> of_ablation(std::vector<Column> before, const std::vector<Column>& after) {
  const Column place[] = {shared("component"), key("layer", integer), key("head", integer, -1), shared("operation"),
                          shared("reference"), shared("control"),     shared("position")};
  before.insert(before.end(), std::begin(place), std::end(place));
  before.insert(before.end(), after.begin(), after.end());
  return before;
}

bool is_key(const Column& column) { return column.place == Column::Place::key; }
bool is_shared(const Column& column) { return column.place == Column::Place::series; }

std::vector<std::string> names_of(const Table& table, bool (*wanted)(const Column&)) {
  std::vector<std::string> names;
  for (const Column& column : table.columns)
    if (wanted(column)) names.emplace_back(column.name);
  return names;
}

/// "layer INTEGER NOT NULL CHECK (layer >= 0)"
std::string declared(const Column& column, bool as_id) {
  const char* type = column.kind == real ? "REAL" : column.kind == integer || as_id ? "INTEGER" : "TEXT";
  std::string sql = fmt::format("{} {}{}", column.name, type, column.may_be_null ? "" : " NOT NULL");
  if (column.kind == integer) sql += fmt::format(" CHECK ({} >= {})", column.name, column.low);
  return sql;
}

std::string sql_of_series(const Table& table) {
  std::vector<std::string> lines = {"id INTEGER PRIMARY KEY"};
  for (const Column& column : table.columns)
    if (is_shared(column)) lines.push_back(declared(column, /*as_id=*/false));
  lines.push_back(fmt::format("UNIQUE ({})", join(names_of(table, is_shared))));
  return fmt::format("CREATE TABLE {} (\n  {}\n) STRICT", series_table(table), join(lines, ",\n  "));
}

std::string sql_of_rows(const Table& table) {
  std::vector<std::string> lines = {"series INTEGER NOT NULL"};
  for (const Column& column : table.columns)
    if (!is_shared(column)) lines.push_back(declared(column, /*as_id=*/true));
  lines.push_back(fmt::format("PRIMARY KEY (series, {})", join(names_of(table, is_key))));
  if (table.check) lines.push_back(fmt::format("CHECK ({})", table.check));
  return fmt::format("CREATE TABLE {} (\n  {}\n) STRICT", rows_table(table), join(lines, ",\n  "));
}

/// What gives a column of a table that is read in its parts.
std::string expression(const Column& column) {
  if (is_shared(column)) return fmt::format("s.{}", column.name);
  return column.kind == text ? fmt::format("{}_name.name", column.name) : fmt::format("r.{}", column.name);
}

/// The names behind the ids of a row.
std::string names_of_row(const Table& table, const char* how) {
  std::string sql;
  for (const Column& column : table.columns)
    if (!is_shared(column) && column.kind == text)
      sql += fmt::format(" {0} names AS {1}_name ON {1}_name.id = r.{1}", how, column.name);
  return sql;
}

std::string expressions(const Table& table, bool with_names) {
  std::vector<std::string> all;
  for (const Column& column : table.columns)
    all.push_back(expression(column) + (with_names ? fmt::format(" AS {}", column.name) : ""));
  return join(all);
}

std::string conditions(const Table& table, const TableRows::Where& where, bool in_parts) {
  std::vector<std::string> all = {"TRUE"};
  for (const auto& [name, text] : where) {
    const auto column = std::ranges::find(table.columns, name, [](const Column& one) { return std::string(one.name); });
    all.push_back((in_parts ? expression(*column) : "r." + name) + " = ?");
  }
  return join(all, " AND ");
}

// Rows come in the order of their numbers. Where they do not, pages of the file refer to each other in circles, and
// there would be no end to them.
std::string select(const Table& table, std::int64_t layout, const TableRows::Where& where) {
  if (is_in_parts(table, layout))
    // What a damaged file lacks is NULL, and refused.
    return fmt::format(
        "SELECT {}, r.rowid FROM {} AS r LEFT JOIN {} AS s ON s.id = r.series{} WHERE {} ORDER BY r.rowid",
        expressions(table, false), rows_table(table), series_table(table), names_of_row(table, "LEFT JOIN"),
        conditions(table, where, true));
  std::vector<std::string> names;
  for (const Column& column : table.columns) names.push_back(fmt::format("r.{}", column.name));
  return fmt::format("SELECT {}, r.rowid FROM {} AS r WHERE {} ORDER BY r.rowid", join(names), table.name,
                     conditions(table, where, false));
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
       {shared("task"),
        shared("language"),
        key("item"),
        shared("protocol"),
        key("option", integer),
        {"score", real},
        {"tokens", integer},
        {"is_gold", integer, 0, 1},
        {"characters", integer, 1},
        {"bytes", integer, 1}},
       0,
       "bytes >= characters AND is_gold <= 1"},
      {"alignment",
       R"(CREATE TABLE alignment (
  task TEXT NOT NULL, language TEXT NOT NULL, item TEXT NOT NULL, metric TEXT NOT NULL, stream TEXT NOT NULL,
  layer INTEGER NOT NULL CHECK (layer >= 0),
  value REAL NOT NULL,
  PRIMARY KEY (task, language, item, metric, stream, layer)
) STRICT)",
       {shared("task"),
        shared("language"),
        key("item"),
        shared("metric"),
        shared("stream"),
        key("layer", integer),
        {"value", real}}},
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
       {shared("task"),
        shared("language"),
        key("item"),
        shared("protocol"),
        shared("direction"),
        shared("site"),
        key("layer", integer),
        shared("head", -1),
        shared("window", 1),
        shared("position"),
        shared("control"),
        shared("draw", 0),
        {"donor"},
        key("option", integer),
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
       {shared("task"),
        shared("language"),
        key("item"),
        shared("protocol"),
        key("layer", integer),
        shared("token_of"),
        {"token", integer},
        {.name = "log_prob", .kind = real, .may_be_null = true},
        {.name = "logit", .kind = real, .may_be_null = true},
        {.name = "entropy", .kind = real, .may_be_null = true}},
       kLayoutOfLens,
       "(log_prob IS NULL) <> (logit IS NULL)"},
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
       {shared("task"),
        shared("language"),
        key("item"),
        shared("protocol"),
        shared("repair"),
        key("layer", integer),
        key("alpha", real),
        shared("part"),
        shared("control"),
        key("option", integer),
        {"score", real}},
       kLayoutOfAblations},
      {"generations",
       R"(CREATE TABLE generations (
  task TEXT NOT NULL, language TEXT NOT NULL, target TEXT NOT NULL, item TEXT NOT NULL, condition TEXT NOT NULL,
  text TEXT, tokens INTEGER CHECK (tokens >= 0), stop TEXT NOT NULL,
  log_prob REAL,
  reference_tokens INTEGER NOT NULL CHECK (reference_tokens >= 0),
  chrf REAL, chrfpp REAL, bleu REAL,
  language_out TEXT NOT NULL,
  PRIMARY KEY (task, language, target, item, condition),
  CHECK ((text IS NULL) = (tokens IS NULL))
) STRICT)",
       {{"task"},
        {"language"},
        {"target"},
        {"item"},
        {"condition"},
        {.name = "text", .may_be_null = true},
        {.name = "tokens", .kind = integer, .may_be_null = true},
        {"stop"},
        {.name = "log_prob", .kind = real, .may_be_null = true},
        {"reference_tokens", integer},
        {.name = "chrf", .kind = real, .may_be_null = true},
        {.name = "chrfpp", .kind = real, .may_be_null = true},
        {.name = "bleu", .kind = real, .may_be_null = true},
        {"language_out"}},
       kLayoutOfGenerations},
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
       of_ablation({shared("task"), shared("language"), key("item"), shared("protocol")},
                   {key("option", integer), {"score", real}}),
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
       of_ablation({shared("task"), shared("language"), key("item")},
                   {shared("metric"), shared("stream"), key("at", integer), {"value", real}}),
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

bool Table::has_series() const { return std::ranges::any_of(columns, is_shared); }

std::string series_table(const Table& table) { return fmt::format("{}_series", table.name); }
std::string rows_table(const Table& table) { return fmt::format("{}_rows", table.name); }

bool is_in_parts(const Table& table, std::int64_t layout) { return table.has_series() && layout >= kLayoutOfSeries; }

std::vector<TablePart> parts_of(std::int64_t layout) {
  std::vector<TablePart> parts;
  if (layout >= kLayoutOfSeries)
    parts.push_back({"names", "CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT"});
  for (const Table& table : tables()) {
    if (table.since > layout) continue;
    if (!is_in_parts(table, layout)) {
      parts.push_back({table.name, table.sql});
      continue;
    }
    parts.push_back({series_table(table), sql_of_series(table)});
    parts.push_back({rows_table(table), sql_of_rows(table)});
  }
  return parts;
}

std::string view_of(const Table& table) {
  // CROSS keeps SQLite from reading all rows to find those of a few series.
  return fmt::format("CREATE VIEW IF NOT EXISTS {} AS SELECT {} FROM {} AS s CROSS JOIN {} AS r ON r.series = s.id{}",
                     table.name, expressions(table, true), series_table(table), rows_table(table),
                     names_of_row(table, "JOIN"));
}

// The indices of both parts give this order, so that nothing is sorted.
std::string by_series(const Table& table) {
  std::vector<std::string> order, keys;
  for (const std::string& name : names_of(table, is_shared)) order.push_back("s." + name);
  for (const std::string& name : names_of(table, is_key)) keys.push_back("r." + name);
  return fmt::format(
      "SELECT {0}, r.rowid, r.series, {1} FROM {2} AS s CROSS JOIN {3} AS r ON r.series = s.id{4} ORDER BY {5}, {1}",
      expressions(table, false), join(keys), series_table(table), rows_table(table), names_of_row(table, "LEFT JOIN"),
      join(order));
}

// What is a view, or has columns that are computed, may take any time to read.
void demand_tables(const Connection& connection, std::int64_t layout) {
  for (const TablePart& part : parts_of(layout)) {
    Statement query(connection, fmt::format("SELECT sql FROM sqlite_schema WHERE name = '{}'", part.name));
    if (!query.next())
      fail("{}: has no table {}; it is not as a run left it; run again, or give another folder",
           connection.path().string(), part.name);
    if (query.text(0) != part.sql)
      fail("{}: its table {} is not as a run makes it; run again, or give another folder", connection.path().string(),
           part.name);
  }
}

std::int64_t layout_of(const Connection& connection) { return connection.integer("PRAGMA user_version"); }

TableRows::TableRows(const Connection& connection, const Table& table, const Where& where)
    : connection_(&connection), table_(&table), query_(connection, select(table, layout_of(connection), where)) {
  int parameter = 0;
  for (const auto& [column, text] : where) query_.bind_copy(parameter++, text);
}

TableRows::TableRows(const Connection& connection, const Table& table, BySeries)
    : connection_(&connection), table_(&table), query_(connection, by_series(table)), by_series_(true) {}

bool TableRows::next() {
  if (!query_.next()) return false;
  const auto columns = static_cast<int>(table_->columns.size());
  const std::int64_t row = query_.integer(columns);
  if (by_series_)
    demand_progress();
  else if (row <= row_)
    fail("{}: table {}: row {} comes behind row {}; the file is damaged, so run again", connection_->path().string(),
         table_->name, row, row_);
  row_ = row;
  for (int column = 0; column < columns; ++column) check(column);
  return true;
}

// As above: no series comes twice, and its rows come in the order of their keys.
void TableRows::demand_progress() {
  const int first = static_cast<int>(table_->columns.size()) + 1;
  const std::int64_t series = query_.integer(first);
  next_key_.clear();
  for (int column = first + 1; column < query_.columns(); ++column) next_key_.push_back(query_.real(column));
  const bool is_new = seen_.empty() || series != series_;
  if (is_new ? !seen_.insert(series).second : next_key_ <= key_)
    fail("{}: table {}: rows of a series come twice; the file is damaged, so run again", connection_->path().string(),
         table_->name);
  series_ = series;
  key_.swap(next_key_);
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
