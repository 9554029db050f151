#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tertium/store/sqlite.h"
#include "tertium/store/tables.h"

namespace tertium {

/// Gives ids to what is stored once: the rows of a table `id, columns …`. Ids are looked up, and made where there are
/// none.
class Ids {
 public:
  using Value = Statement::Value;
  Ids(const Connection& connection, const std::string& table, const std::vector<std::string>& columns);
  std::int64_t of(std::span<const Value> values);

 private:
  std::int64_t find_or_make(std::span<const Value> values);
  const Connection* connection_;
  Statement find_, insert_;
  std::unordered_map<std::string, std::int64_t> known_;
  std::string text_, last_;  // most rows are like the one before
  std::int64_t last_id_ = 0;
};

/// Writes rows of one of results.db's tables, in parts where it lies in parts (Table).
class TableWriter {
 public:
  using Value = Statement::Value;
  /// Nothing is asked of the file yet. The connection must outlive it.
  TableWriter(const Connection& connection, const Table& table) : connection_(&connection), table_(&table) {}

  /// A row, its values in the order of the table's columns. False if one of the same key is there.
  [[nodiscard]] bool insert(std::initializer_list<Value> values);
  /// Takes out the rows whose columns have these values.
  void remove(std::initializer_list<std::pair<const char*, Value>> where);
  /// To be called where a transaction was taken back: ids that were made in it are gone.
  void forget_ids();

 private:
  const Connection* connection_;
  const Table* table_;
  std::optional<Ids> series_, names_;
  std::optional<Statement> insert_;
  std::map<std::string, Statement> remove_;  // by SQL
  std::vector<Value> shared_, row_;
};

}  // namespace tertium
