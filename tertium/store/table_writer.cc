#include "tertium/store/table_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "tertium/base/text.h"

namespace tertium {
namespace {

std::string parameters(std::size_t count) { return join(std::vector<std::string>(count, "?")); }

std::string insertion(const std::string& table, const std::vector<std::string>& columns) {
  return fmt::format("INSERT INTO {} ({}) VALUES ({})", table, join(columns), parameters(columns.size()));
}

std::string finding(const std::string& table, const std::vector<std::string>& columns) {
  return fmt::format("SELECT id FROM {} WHERE ({}) = ({})", table, join(columns), parameters(columns.size()));
}

/// Values as one text, no two of which are the same.
void write(std::span<const Statement::Value> values, std::string& text) {
  text.clear();
  for (const Statement::Value& value : values) {
    if (const auto* number = std::get_if<std::int64_t>(&value))
      fmt::format_to(std::back_inserter(text), "{};", *number);
    if (const auto* part = std::get_if<std::string_view>(&value))
      fmt::format_to(std::back_inserter(text), "{}:{}", part->size(), *part);
  }
}

}  // namespace

Ids::Ids(const Connection& connection, const std::string& table, const std::vector<std::string>& columns)
    : connection_(&connection),
      find_(connection, finding(table, columns)),
      insert_(connection, insertion(table, columns)) {}

std::int64_t Ids::of(std::span<const Value> values) {
  write(values, text_);
  if (text_ == last_ && last_id_ != 0) return last_id_;
  auto known = known_.find(text_);
  if (known == known_.end()) known = known_.emplace(text_, find_or_make(values)).first;
  last_.swap(text_);
  return last_id_ = known->second;
}

std::int64_t Ids::find_or_make(std::span<const Value> values) {
  find_.ask(values);
  if (find_.next()) {
    const std::int64_t id = find_.integer(0);
    find_.ask({});  // what is not reset holds the file
    return id;
  }
  find_.ask({});
  (void)insert_.insert_all(values);
  return sqlite3_last_insert_rowid(connection_->handle());
}

bool TableWriter::insert(std::initializer_list<Value> values) {
  if (!table_->has_series()) {
    if (!insert_)
      insert_.emplace(*connection_, fmt::format("INSERT INTO {} VALUES ({})", table_->name, parameters(values.size())));
    return insert_->insert_all({values.begin(), values.size()});
  }
  if (!insert_) {
    std::vector<std::string> shared, own = {"series"};
    for (const Column& column : table_->columns)
      (column.place == Column::Place::series ? shared : own).emplace_back(column.name);
    series_.emplace(*connection_, series_table(*table_), shared);
    names_.emplace(*connection_, "names", std::vector<std::string>{"name"});
    insert_.emplace(*connection_, insertion(rows_table(*table_), own));
  }
  shared_.clear();
  row_.assign(1, Value());  // the series
  for (std::size_t column = 0; column < table_->columns.size(); ++column) {
    const Value& value = values.begin()[column];
    const Column& rule = table_->columns[column];
    if (rule.place == Column::Place::series)
      shared_.push_back(value);
    else
      row_.push_back(rule.kind == Column::Kind::text ? Value(names_->of({&value, 1})) : value);
  }
  row_.front() = series_->of(shared_);
  return insert_->insert_all(row_);
}

void TableWriter::remove(std::initializer_list<std::pair<const char*, Value>> where) {
  std::vector<std::string> of_series, of_rows = {"TRUE"};
  std::vector<Value> values, of_row;
  for (const auto& [name, value] : where) {
    const auto rule = std::ranges::find(table_->columns, std::string_view(name), &Column::name);
    if (rule->place == Column::Place::series) {
      of_series.push_back(fmt::format("{} = ?", name));
      values.push_back(value);
    } else {
      const bool as_id = table_->has_series() && rule->kind == Column::Kind::text;
      of_rows.push_back(fmt::format("{} = {}", name, as_id ? "(SELECT id FROM names WHERE name = ?)" : "?"));
      of_row.push_back(value);
    }
  }
  values.insert(values.end(), of_row.begin(), of_row.end());
  std::string sql = fmt::format("DELETE FROM {} WHERE ", table_->has_series() ? rows_table(*table_) : table_->name);
  if (!of_series.empty())
    sql += fmt::format("series IN (SELECT id FROM {} WHERE {}) AND ", series_table(*table_), join(of_series, " AND "));
  sql += join(of_rows, " AND ");
  auto found = remove_.find(sql);
  if (found == remove_.end()) found = remove_.emplace(sql, Statement(*connection_, sql)).first;
  (void)found->second.insert_all(values);
}

void TableWriter::forget_ids() {
  insert_.reset();
  series_.reset();
  names_.reset();
}

}  // namespace tertium
