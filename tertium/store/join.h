#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tertium {

/// Copies all rows of some tables from one results.db into another, which nobody may be writing to. A row of the same
/// key is replaced, unless it is of a unit that is done; all of it or nothing. Throws Error naming the folder that
/// cannot be read or written, as Store does.
void copy_rows(const std::filesystem::path& from, const std::filesystem::path& into,
               const std::vector<std::string>& tables);

}  // namespace tertium
