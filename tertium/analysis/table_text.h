#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "tertium/analysis/agreement.h"
#include "tertium/analysis/result_table.h"

namespace tertium {

// Tables as other programs read them.

/// Tables by name. Unknown numbers are null, intervals [low, high].
nlohmann::ordered_json to_json(const std::vector<ResultTable>& tables);

/// All tables by name, and "conclusions". Unknown numbers are null, intervals [low, high].
nlohmann::ordered_json to_json(const Analysis& analysis);

/// Agreements over orders of options, by order.
nlohmann::ordered_json to_json(const std::vector<Agreement>& agreements);

/// As of RFC 4180, with a header. An interval is two columns, NAME_low and NAME_high; what is unknown is empty. A text
/// that a spreadsheet would run as a formula gets an apostrophe before it.
std::string to_csv(const ResultTable& table);

/// A pipe table; numbers to four digits.
std::string to_markdown(const ResultTable& table);

/// A tabular environment for booktabs; numbers to four digits, special characters escaped.
std::string to_tex(const ResultTable& table);

}  // namespace tertium
