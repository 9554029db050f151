#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/store/schema.h"
#include "tertium/store/store.h"

namespace tertium {
namespace {

// As of RFC 4180: a field with a comma, a quote or a line end is quoted, and quotes in it are doubled.
std::string csv_text(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == text.npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

std::string json_text(const std::string& text) { return nlohmann::json(text).dump(); }

std::string value(const Statement& row, int column, ExportFormat format) {
  switch (row.type(column)) {
    case SQLITE_INTEGER:
      return fmt::format("{}", row.integer(column));
    case SQLITE_FLOAT:
      return fmt::format("{}", row.real(column));  // the shortest that reads back the same
    default:
      return format == ExportFormat::csv ? csv_text(row.text(column)) : json_text(row.text(column));
  }
}

std::string header(const Statement& rows) {
  std::vector<std::string> names;
  for (int column = 0; column < rows.columns(); ++column) names.push_back(rows.name(column));
  return join(names, ",") + "\r\n";
}

std::string line(const Statement& row, ExportFormat format) {
  std::vector<std::string> values;
  for (int column = 0; column < row.columns(); ++column) {
    values.push_back(value(row, column, format));
    if (format == ExportFormat::jsonl) values.back() = json_text(row.name(column)) + ":" + values.back();
  }
  return format == ExportFormat::csv ? join(values, ",") + "\r\n" : "{" + join(values, ",") + "}\n";
}

}  // namespace

void export_table(const std::filesystem::path& folder, const std::string& table, ExportFormat format,
                  std::ostream& out) {
  const std::vector<std::string> tables = table_names();
  if (std::ranges::find(tables, table) == tables.end())
    fail("no table \"{}\"; the tables are {}", printable(table), join(tables));
  const Connection connection = open_results(folder);
  Statement rows(connection, fmt::format("SELECT * FROM {} ORDER BY rowid", table));
  if (format == ExportFormat::csv) out << header(rows);
  while (rows.next()) out << line(rows, format);
  if (!out.flush()) fail("{}: the export cannot be written out; is that disk full?", table);
}

}  // namespace tertium
