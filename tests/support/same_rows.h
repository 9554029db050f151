#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tertium::test {

/// The tables that hold what was found, rather than how it came about.
inline const std::vector<std::string> kRows = {"items", "scores", "alignment", "patches"};

/// Two runs' results hold the same rows, in whatever order; numbers may differ in their rounding.
void expect_same_rows(const std::filesystem::path& a, const std::filesystem::path& b,
                      const std::vector<std::string>& tables = {"items", "scores", "alignment", "patches", "units",
                                                                "runs"});

}  // namespace tertium::test
