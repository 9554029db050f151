#include "tertium/store/join.h"

#include <fmt/format.h>

#include "tertium/base/text.h"
#include "tertium/store/schema.h"
#include "tertium/store/tables.h"

namespace tertium {
namespace {

std::string names_joined(const std::vector<std::string>& columns, const char* form) {
  std::vector<std::string> all;
  for (const std::string& column : columns) all.push_back(fmt::format(fmt::runtime(form), column));
  return join(all);
}

/// What takes the place of a row of the same key.
std::string replacing(const Connection& connection, const std::string& table) {
  std::vector<std::string> replaced;
  Statement others(connection, fmt::format("SELECT name FROM pragma_table_info('{}') WHERE pk = 0", table));
  while (others.next()) replaced.push_back(others.text(0));
  return replaced.empty() ? "DO NOTHING" : "DO UPDATE SET " + names_joined(replaced, "{0} = excluded.{0}");
}

/// `INSERT … SELECT` of a whole table, in its order.
std::string copy_of(const Connection& connection, const Table& table) {
  std::vector<std::string> columns;
  for (const Column& column : table.columns) columns.emplace_back(column.name);
  return fmt::format("INSERT INTO main.{0} ({1}) SELECT {1} FROM other.{0} WHERE TRUE ORDER BY rowid ON CONFLICT {2}",
                     table.name, join(columns), replacing(connection, table.name));
}

/// Takes over what rows refer to by id: temp.NAME gives our id for each of theirs.
void copy_ids(const Connection& connection, const std::string& table, const std::vector<std::string>& columns) {
  connection.execute(
      fmt::format("INSERT OR IGNORE INTO main.{0} ({1}) SELECT {1} FROM other.{0} ORDER BY id", table, join(columns)));
  connection.execute(fmt::format("CREATE TEMP TABLE {0} (theirs INTEGER PRIMARY KEY, ours INTEGER)", "our_" + table));
  connection.execute(
      fmt::format("INSERT INTO our_{0} SELECT o.id, m.id FROM other.{0} AS o JOIN main.{0} AS m ON ({1}) = ({2})",
                  table, names_joined(columns, "m.{}"), names_joined(columns, "o.{}")));
}

/// The same of a table in parts. An id that a damaged file lacks becomes NULL, which is refused.
void copy_parts(const Connection& connection, const Table& table) {
  std::vector<std::string> shared, own = {"series"}, values = {"s.ours"};
  std::string joins;
  for (const Column& column : table.columns) {
    if (column.place == Column::Place::series) {
      shared.emplace_back(column.name);
      continue;
    }
    own.emplace_back(column.name);
    const bool is_id = column.kind == Column::Kind::text;
    values.push_back(is_id ? fmt::format("{}_name.ours", column.name) : fmt::format("r.{}", column.name));
    if (is_id) joins += fmt::format(" LEFT JOIN our_names AS {0}_name ON {0}_name.theirs = r.{0}", column.name);
  }
  copy_ids(connection, series_table(table), shared);
  connection.execute(fmt::format(
      "INSERT INTO main.{0} ({1}) SELECT {2} FROM other.{0} AS r LEFT JOIN our_{3} AS s ON s.theirs = r.series{4} "
      "WHERE TRUE ORDER BY r.rowid ON CONFLICT {5}",
      rows_table(table), join(own), join(values), series_table(table), joins,
      replacing(connection, rows_table(table))));
}

// Who computed a unit tells more of it than who heard of it, whose seconds are 0; and both more than who left it to
// others.
constexpr char kBetterUnit[] =
    " WHERE excluded.state = 'done' AND (units.state <> 'done' OR units.seconds = 0) OR units.state NOT IN ('done', "
    "'failed')";

}  // namespace

void copy_rows(const std::filesystem::path& from, const std::filesystem::path& into,
               const std::vector<std::string>& tables) {
  const std::filesystem::path other = open_results(from, OldLayouts::refuse).path();  // whose tables are ours, then
  const WrittenResults ours = resume_results(into);
  const Connection& connection = ours.connection;
  connection.execute("COMMIT");  // nothing is attached within a transaction
  {
    Statement attach(connection, "ATTACH DATABASE ? AS other");
    attach.bind_copy(0, other.string());
    attach.next();
  }
  connection.execute("BEGIN IMMEDIATE");
  copy_ids(connection, "names", {"name"});
  for (const std::string& name : tables) {
    // A corpus' row may be missing where its measure is undefined, so those of a language come together.
    if (name == "corpora")
      connection.execute(
          "DELETE FROM main.corpora WHERE (corpus, language) IN (SELECT DISTINCT corpus, language FROM other.corpora)");
    if (const Table& table = table_named(name); table.has_series())
      copy_parts(connection, table);
    else
      connection.execute(copy_of(connection, table) + (name == "units" ? kBetterUnit : ""));
  }
  connection.execute("COMMIT");
  connection.execute("DETACH DATABASE other");
  // Fails where somebody reads just now, which does no harm.
  sqlite3_exec(connection.handle(), "PRAGMA journal_mode = DELETE", nullptr, nullptr, nullptr);
}

}  // namespace tertium
