#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "tertium/analysis/results.h"

namespace tertium {

/// What a cell may hold. A number that is NaN is unknown.
struct CellInterval {
  double low = kUnknown, high = kUnknown;
};
using Cell = std::variant<std::string, std::int64_t, double, CellInterval>;

/// Rows of an analysis under the names of docs/statistics.md, whatever they are then written as.
struct ResultTable {
  std::string name;
  std::vector<std::string> columns;
  std::vector<std::vector<Cell>> rows;
};

/// All tables of an analysis, empty ones too.
std::vector<ResultTable> result_tables(const Analysis& analysis);

}  // namespace tertium
