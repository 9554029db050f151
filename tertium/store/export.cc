#include <nlohmann/json.hpp>
#include <ostream>

#include "tertium/base/csv.h"
#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/store/schema.h"
#include "tertium/store/store.h"
#include "tertium/store/tables.h"

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

std::string header(const Table& table) {
  std::vector<std::string> names;
  for (const Column& column : table.columns) names.emplace_back(column.name);
  return join(names, ",") + "\r\n";
}

std::string line(const TableRows& row, const Table& table, ExportFormat format) {
  std::vector<std::string> values;
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    values.push_back(value(row, table, static_cast<int>(column), format));
    if (format == ExportFormat::jsonl) values.back() = json_text(table.columns[column].name) + ":" + values.back();
  }
  return format == ExportFormat::csv ? join(values, ",") + "\r\n" : "{" + join(values, ",") + "}\n";
}

}  // namespace

void export_table(const std::filesystem::path& folder, const std::string& table, ExportFormat format,
                  std::ostream& out) {
  const Table& exported = table_named(table);
  const Connection connection = open_results(folder);
  if (!has_table(connection, table))
    fail("{}: these results are of an older layout, which has no table {}", folder.string(), table);
  TableRows rows(connection, exported);
  if (format == ExportFormat::csv) out << header(exported);
  while (rows.next()) out << line(rows, exported, format);
  if (!out.flush()) fail("{}: the export cannot be written out; is that disk full?", table);
}

}  // namespace tertium
