#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tertium/store/sqlite.h"

namespace tertium {

/// What a column may hold. Files of other programs can hold anything, whatever their schema says.
struct Column {
  enum class Kind { text, integer, real };
  const char* name;
  Kind kind = Kind::text;
  std::int64_t low = 0, high = std::numeric_limits<int>::max();  // of integers
  bool may_be_null = false;
  /// `series`: the same for many rows, and stored once for all of them. `key`: tells rows of a series apart.
  enum class Place { row, key, series };
  Place place = Place::row;
};

/// One table of results.db (docs/results.md). Where it has columns that rows of a series share it lies in two parts,
/// NAME_series and NAME_rows, texts of its rows in the table `names`, and NAME is a view that puts them together.
struct Table {
  const char* name;
  const char* sql;  // that makes it; of a table in parts, that made it in layouts before 8
  std::vector<Column> columns;
  int since = 0;                // the layout that it came with; files of an older one lack it
  const char* check = nullptr;  // what columns of NAME_rows must fulfil together

  bool has_series() const;
};

const std::vector<Table>& tables();
/// Throws Error listing the known ones.
const Table& table_named(std::string_view name);

/// The layout that is written: counts up with every change; docs/results.md tells them apart.
inline constexpr int kCurrentLayout = 8;

/// A table as the file has it.
struct TablePart {
  std::string name, sql;
};
/// All that a layout has.
std::vector<TablePart> parts_of(std::int64_t layout);
/// Whether a layout has the table in parts.
bool is_in_parts(const Table& table, std::int64_t layout);
std::string series_table(const Table& table);
std::string rows_table(const Table& table);
/// SQL that reads a table in parts series by series.
std::string by_series(const Table& table);
/// SQL of the view that puts a table's parts together.
std::string view_of(const Table& table);
/// The layout of a file of ours.
std::int64_t layout_of(const Connection& connection);

/// Throws Error unless the file has every table of its layout just as a run makes it.
void demand_tables(const Connection& connection, std::int64_t layout);

/// The rows of a table, in the order in which they were written or series by series.
class TableRows {
 public:
  using Where = std::vector<std::pair<std::string, std::string>>;  // columns and the texts that they must have
  /// The connection must outlive it.
  TableRows(const Connection& connection, const Table& table, const Where& where = {});
  struct BySeries {};
  /// Of a table in parts: in the order of what a series shares, then of the key; of names, the order of their ids.
  TableRows(const Connection& connection, const Table& table, BySeries);

  /// Moves to the next row; false behind the last. Throws Error naming file, table, row and column where a value is of
  /// another type than the column's, out of its range, not finite or no UTF-8.
  bool next();

  /// Counts up in the order in which rows were written.
  std::int64_t number() const { return row_; }

  // Of this row, by column.
  std::string_view view(int column) const { return query_.view(column); }
  std::string text(int column) const { return query_.text(column); }
  int integer(int column) const { return static_cast<int>(query_.integer(column)); }
  double real(int column) const { return query_.real(column); }
  bool is_null(int column) const { return query_.type(column) == SQLITE_NULL; }
  std::optional<std::string> text_if_any(int column) const {
    return is_null(column) ? std::nullopt : std::optional(text(column));
  }
  std::optional<int> integer_if_any(int column) const {
    return is_null(column) ? std::nullopt : std::optional(integer(column));
  }
  std::optional<double> real_if_any(int column) const {
    return is_null(column) ? std::nullopt : std::optional(real(column));
  }

 private:
  void check(int column) const;
  void demand_progress();
  [[noreturn]] void refuse(int column, std::string_view problem) const;

  const Connection* connection_;
  const Table* table_;
  Statement query_;
  std::int64_t row_ = std::numeric_limits<std::int64_t>::min();
  bool by_series_ = false;
  std::set<std::int64_t> seen_;  // series that came
  std::int64_t series_ = 0;
  std::vector<double> key_, next_key_;
};

}  // namespace tertium
