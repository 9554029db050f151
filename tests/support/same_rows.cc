#include "tests/support/same_rows.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tertium/store/store.h"
#include "tests/support/program.h"

namespace tertium::test {
namespace {

using nlohmann::json;

constexpr double kRounding = 1e-5;

/// Of a table: what tells a row, and its numbers, which may differ in their rounding.
std::map<std::string, std::vector<double>> rows_of(const std::filesystem::path& folder, const std::string& table) {
  static const std::set<std::string> of_the_run = {"started", "continued",  "finished",
                                                   "seconds", "experiment", "threads"};
  std::ostringstream text;
  export_table(folder, table, ExportFormat::jsonl, text);
  std::map<std::string, std::vector<double>> rows;
  for (const std::string& line : lines_of(text.str())) {
    json row = json::parse(line);
    if (table == "runs" && of_the_run.contains(row.at("key"))) continue;
    row.erase("seconds");
    row.erase("worker");
    std::vector<double> numbers;
    for (const char* name : {"score", "value"})
      if (row.contains(name) && row.at(name).is_number()) {
        numbers.push_back(row.at(name));
        row.erase(name);
      }
    rows.emplace(row.dump(), numbers);
  }
  return rows;
}

}  // namespace

void expect_same_rows(const std::filesystem::path& a, const std::filesystem::path& b,
                      const std::vector<std::string>& tables) {
  for (const std::string& table : tables) {
    const auto of_a = rows_of(a, table), of_b = rows_of(b, table);
    EXPECT_EQ(of_a.size(), of_b.size()) << table;
    for (const auto& [row, numbers] : of_a) {
      const auto found = of_b.find(row);
      ASSERT_NE(found, of_b.end()) << table << ": " << row;
      for (std::size_t k = 0; k < numbers.size(); ++k) EXPECT_NEAR(numbers[k], found->second[k], kRounding) << row;
    }
  }
}

}  // namespace tertium::test
