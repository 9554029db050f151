#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>

#include "tertium/base/csv.h"
#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/store/schema.h"
#include "tertium/store/store.h"
#include "tertium/store/tables.h"
#include "tertium/store/views.h"

namespace tertium {
namespace {

std::string json_text(const std::string& text) { return nlohmann::json(text).dump(); }

std::string value(const TableRows& row, const Table& table, int column, ExportFormat format) {
  if (row.is_null(column)) return format == ExportFormat::csv ? "" : "null";
  switch (table.columns[column].kind) {
    case Column::Kind::integer:
      return fmt::format("{}", row.integer(column));
    case Column::Kind::real:
      return fmt::format("{}", row.real(column));  // the shortest that reads back the same
    default:
      return format == ExportFormat::csv ? csv_field(row.text(column)) : json_text(row.text(column));
  }
}

/// One row: `value(column)` is its text in that format.
template <class Value>
std::string line(const std::vector<std::string>& names, ExportFormat format, const Value& value) {
  std::vector<std::string> values;
  for (std::size_t column = 0; column < names.size(); ++column) {
    values.push_back(value(static_cast<int>(column)));
    if (format == ExportFormat::jsonl) values.back() = json_text(names[column]) + ":" + values.back();
  }
  return format == ExportFormat::csv ? join(values, ",") + "\r\n" : "{" + join(values, ",") + "}\n";
}

/// All rows that `row` moves over, below a header where the format has one.
template <class Row, class Value>
void write_rows(const std::vector<std::string>& names, Row& row, ExportFormat format, const Value& value,
                std::ostream& out) {
  if (format == ExportFormat::csv) out << join(names, ",") + "\r\n";
  while (row.next()) out << line(names, format, value);
}

/// A value of a query's row. Files of other programs hold anything.
std::string value(const Statement& row, int column, ExportFormat format) {
  const bool is_csv = format == ExportFormat::csv;
  switch (row.type(column)) {
    case SQLITE_NULL:
      return is_csv ? "" : "null";
    case SQLITE_INTEGER:
      return fmt::format("{}", row.integer(column));
    case SQLITE_FLOAT:
      if (std::isfinite(row.real(column))) return fmt::format("{}", row.real(column));
      return is_csv ? "" : "null";
    default:
      if (!is_utf8(row.view(column))) fail("{}: holds text that is not UTF-8; the file is damaged", row.name(column));
      return is_csv ? csv_field(row.text(column)) : json_text(row.text(column));
  }
}

void export_view(const Connection& connection, const View& view, ExportFormat format, std::ostream& out) {
  Statement row(connection, view.sql);
  std::vector<std::string> names;
  for (int column = 0; column < row.columns(); ++column) names.push_back(row.name(column));
  write_rows(
      names, row, format, [&](int column) { return value(row, column, format); }, out);
}

void demand_written(std::ostream& out, const std::string& table) {
  if (!out.flush()) fail("{}: the export cannot be written out; is that disk full?", table);
}

}  // namespace

std::vector<std::string> exportable() {
  std::vector<std::string> names = table_names();
  names.emplace_back(kPatchedAnswers.name);
  return names;
}

void export_table(const std::filesystem::path& folder, const std::string& table, ExportFormat format,
                  std::ostream& out) {
  const Connection connection = open_results(folder);
  const auto demand = [&](bool is_there) {
    if (!is_there) fail("{}: these results are of an older layout, which has no table {}", folder.string(), table);
  };
  if (table == kPatchedAnswers.name) {
    demand(is_in_parts(table_named("patches"), layout_of(connection)));
    export_view(connection, kPatchedAnswers, format, out);
    return demand_written(out, table);
  }
  const Table& exported = table_named(table);
  demand(has_table(connection, table));
  TableRows row(connection, exported);
  std::vector<std::string> names;
  for (const Column& column : exported.columns) names.emplace_back(column.name);
  write_rows(
      names, row, format, [&](int column) { return value(row, exported, column, format); }, out);
  demand_written(out, table);
}

}  // namespace tertium
