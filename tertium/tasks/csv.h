#pragma once

#include <filesystem>
#include <functional>

#include "tertium/tasks/json_lines.h"

namespace tertium {

/// Hands on the rows of a comma-separated file (RFC 4180) whose first row names the columns: each value is a text under
/// its column's name. A field in double quotes may hold commas, line ends and doubled quotes. Blank lines between rows
/// are passed over. Throws Error naming file and the line where the row begins: no header, a name used twice, a row of
/// another number of fields, a quote that does not end or that text follows, not UTF-8.
void read_csv(const std::filesystem::path& file, const std::function<void(const JsonLine&)>& row);

}  // namespace tertium
