#pragma once

#include <filesystem>
#include <functional>

#include "tertium/tasks/json_lines.h"

namespace tertium {

/// Hands on the rows of a tab-separated file whose first line names the columns: each value is a text under its column's
/// name. A field that is wholly in double quotes stands without them, as csv writers quote; spaces before a field are no
/// part of it. Blank lines are passed over. Throws Error naming file and line: no header, a name used twice, a row of
/// another number of fields, not UTF-8.
void read_tsv(const std::filesystem::path& file, const std::function<void(const JsonLine&)>& row);

}  // namespace tertium
