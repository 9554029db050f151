#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tertium/analysis/result_table.h"

namespace tertium {

// How rows of results become tables: a column is a name and what it shows of a row.

template <class Row>
struct ResultColumn {
  const char* name;
  std::function<Cell(const Row&)> cell;
};

template <class Row>
using Columns = std::vector<ResultColumn<Row>>;

inline Cell count(std::size_t n) { return static_cast<std::int64_t>(n); }
inline Cell interval(const Estimate& estimate) { return CellInterval{estimate.low, estimate.high}; }
/// What only some rows have.
inline Cell if_any(std::int64_t n) { return n < 0 ? Cell(kUnknown) : Cell(n); }

template <class Row>
Columns<Row> with_language(Columns<Row> others) {
  Columns<Row> columns = {{"task", [](const Row& row) { return row.of.task; }},
                          {"protocol", [](const Row& row) { return row.of.protocol; }},
                          {"language", [](const Row& row) { return row.of.language; }}};
  columns.insert(columns.end(), others.begin(), others.end());
  return columns;
}

template <class Row>
ResultTable table(const char* name, const Columns<Row>& columns, const std::vector<Row>& rows) {
  ResultTable table{name, {}, {}};
  for (const auto& column : columns) table.columns.emplace_back(column.name);
  for (const Row& row : rows) {
    std::vector<Cell>& cells = table.rows.emplace_back();
    for (const auto& column : columns) cells.push_back(column.cell(row));
  }
  return table;
}

}  // namespace tertium
