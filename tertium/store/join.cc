#include "tertium/store/join.h"

#include <fmt/format.h>

#include "tertium/base/text.h"
#include "tertium/store/schema.h"
#include "tertium/store/tables.h"

namespace tertium {
namespace {

/// `INSERT … SELECT` of a whole table, in its order.
std::string copy_of(const Connection& connection, const Table& table) {
  std::vector<std::string> columns, replaced;
  for (const Column& column : table.columns) columns.emplace_back(column.name);
  Statement others(connection, fmt::format("SELECT name FROM pragma_table_info('{}') WHERE pk = 0", table.name));
  while (others.next()) replaced.push_back(fmt::format("{0} = excluded.{0}", others.text(0)));
  const std::string names = join(columns);
  return fmt::format("INSERT INTO main.{0} ({1}) SELECT {1} FROM other.{0} WHERE TRUE ORDER BY rowid ON CONFLICT {2}",
                     table.name, names, replaced.empty() ? "DO NOTHING" : "DO UPDATE SET " + join(replaced));
}

// Who computed a unit tells more of it than who heard of it, whose seconds are 0; and both more than who left it to
// others.
constexpr char kBetterUnit[] =
    " WHERE excluded.state = 'done' AND (units.state <> 'done' OR units.seconds = 0) OR units.state NOT IN ('done', "
    "'failed')";

}  // namespace

void copy_rows(const std::filesystem::path& from, const std::filesystem::path& into,
               const std::vector<std::string>& tables) {
  const std::filesystem::path other = open_results(from).path();  // whose tables are ours, then
  const WrittenResults ours = resume_results(into);
  const Connection& connection = ours.connection;
  connection.execute("COMMIT");  // nothing is attached within a transaction
  {
    Statement attach(connection, "ATTACH DATABASE ? AS other");
    attach.bind_copy(0, other.string());
    attach.next();
  }
  connection.execute("BEGIN IMMEDIATE");
  for (const std::string& name : tables) {
    // A corpus' row may be missing where its measure is undefined, so those of a language come together.
    if (name == "corpora")
      connection.execute(
          "DELETE FROM main.corpora WHERE (corpus, language) IN (SELECT DISTINCT corpus, language FROM other.corpora)");
    connection.execute(copy_of(connection, table_named(name)) + (name == "units" ? kBetterUnit : ""));
  }
  connection.execute("COMMIT");
  connection.execute("DETACH DATABASE other");
  // Fails where somebody reads just now, which does no harm.
  sqlite3_exec(connection.handle(), "PRAGMA journal_mode = DELETE", nullptr, nullptr, nullptr);
}

}  // namespace tertium
