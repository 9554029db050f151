#pragma once

#include <cstdint>
#include <limits>
#include <optional>
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
};

/// One table of results.db (docs/results.md).
struct Table {
  const char* name;
  const char* sql;  // that makes it
  std::vector<Column> columns;
  int since = 0;  // the layout that it came with; files of an older one lack it
};

const std::vector<Table>& tables();
/// Throws Error listing the known ones.
const Table& table_named(std::string_view name);

/// Throws Error unless the file has every table of its layout just as a run makes it.
void demand_tables(const Connection& connection, std::int64_t layout);

/// The rows of a table, in the order in which they were written.
class TableRows {
 public:
  using Where = std::vector<std::pair<std::string, std::string>>;  // columns and the texts that they must have
  /// The connection must outlive it.
  TableRows(const Connection& connection, const Table& table, const Where& where = {});

  /// Moves to the next row; false behind the last. Throws Error naming file, table, row and column where a value is of
  /// another type than the column's, out of its range, not finite or no UTF-8.
  bool next();

  // Of this row, by column.
  std::string text(int column) const { return query_.text(column); }
  int integer(int column) const { return static_cast<int>(query_.integer(column)); }
  double real(int column) const { return query_.real(column); }
  bool is_null(int column) const { return query_.type(column) == SQLITE_NULL; }
  std::optional<double> real_if_any(int column) const {
    return is_null(column) ? std::nullopt : std::optional(real(column));
  }

 private:
  void check(int column) const;
  [[noreturn]] void refuse(int column, std::string_view problem) const;

  const Connection* connection_;
  const Table* table_;
  Statement query_;
  std::int64_t row_ = std::numeric_limits<std::int64_t>::min();
};

}  // namespace tertium
