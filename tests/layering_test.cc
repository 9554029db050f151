// The table of modules in ARCHITECTURE.md is the truth about who may include whom.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "tertium/base/text.h"
#include "tests/support/files.h"
#include "tests/support/program.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::IsEmpty;
using testing::Key;

constexpr std::string_view kAll = "all";
constexpr std::string_view kNone = "–";

struct Module {
  std::set<std::string> may_include;
  bool all = false;
  bool allows(const std::string& other) const { return all || may_include.contains(other); }
};

using Modules = std::map<std::string, Module>;

std::set<std::string> listed(const std::string& cell) {
  static const std::regex separator(",\\s*");
  return {std::sregex_token_iterator(cell.begin(), cell.end(), separator, -1), {}};
}

/// The rows "| `tertium/<module>` | what it holds | who it may include |".
Modules module_table() {
  static const std::regex row(R"(\|\s*`tertium/([a-z_]+)`\s*\|.*\|\s*([^|]*[^|\s])\s*\|\s*)");
  Modules modules;
  for (const std::string& line : test::lines_of(read_text_file(test::source_folder() / "ARCHITECTURE.md"))) {
    std::smatch cells;
    if (!std::regex_match(line, cells, row)) continue;
    Module& module = modules[cells[1].str()];
    module.all = cells[2].str() == kAll;
    module.may_include = listed(cells[2].str());
    module.may_include.insert(cells[1].str());  // itself
  }
  return modules;
}

struct Include {
  std::string file;    // "tertium/store/store.cc"
  std::string module;  // "store"
  std::string other;   // "base"
};

/// Every `#include "tertium/<module>/…"` of a source file. What CMake generates (tertium/version.h) is of no module.
void add_includes(const fs::path& file, std::vector<Include>& includes) {
  static const std::regex pattern(R"re(\s*#\s*include\s*"tertium/([a-z_]+)/.*)re");
  const fs::path relative = fs::relative(file, test::source_folder());
  for (const std::string& line : test::lines_of(read_text_file(file))) {
    std::smatch found;
    if (std::regex_match(line, found, pattern))
      includes.push_back({relative.string(), std::next(relative.begin())->string(), found[1].str()});
  }
}

/// Of all sources but the tests, which may use any module to set their stage.
std::vector<Include> all_includes() {
  static const std::set<std::string> sources = {".h", ".cc", ".def"};
  std::vector<Include> includes;
  for (const auto& entry : fs::recursive_directory_iterator(test::source_folder() / "tertium")) {
    const bool is_test = entry.path().filename().string().ends_with("_test.cc");
    if (sources.contains(entry.path().extension()) && !is_test) add_includes(entry.path(), includes);
  }
  return includes;
}

TEST(Layering, EveryModuleIsInTheTableOfTheArchitecture) {
  const Modules modules = module_table();
  for (const auto& entry : fs::directory_iterator(test::source_folder() / "tertium"))
    if (entry.is_directory()) {
      EXPECT_THAT(modules, Contains(Key(entry.path().filename()))) << "ARCHITECTURE.md lacks its row";
    }
}

TEST(Layering, TheTableOfTheArchitectureNamesModulesThatExist) {
  for (const auto& [name, module] : module_table()) {
    EXPECT_TRUE(fs::is_directory(test::source_folder() / "tertium" / name)) << name;
    for (const std::string& other : module.may_include)
      if (other != kAll && other != kNone) {
        EXPECT_TRUE(fs::is_directory(test::source_folder() / "tertium" / other)) << name << ": " << other;
      }
  }
}

TEST(Layering, FilesIncludeOnlyWhatTheTableOfTheArchitectureAllows) {
  const Modules modules = module_table();
  const std::vector<Include> includes = all_includes();
  EXPECT_GT(includes.size(), 100u) << "the pattern has lost the includes";
  for (const auto& [file, module, other] : includes) {
    ASSERT_THAT(modules, Contains(Key(module))) << file;
    EXPECT_TRUE(modules.at(module).allows(other))
        << file << " includes " << other << ", which ARCHITECTURE.md does not allow";
  }
}

TEST(Layering, ModulesDoNotIncludeEachOtherInACircle) {
  Modules left = module_table();
  for (auto& [name, module] : left) module.may_include.erase(name), module.may_include.erase(std::string(kNone));
  std::erase_if(left, [](const auto& row) { return row.second.all; });  // only the top may do so
  for (bool removed = true; removed;) {
    std::set<std::string> bottom;
    for (const auto& [name, module] : left)
      if (module.may_include.empty()) bottom.insert(name);
    for (auto& [name, module] : left)
      for (const std::string& other : bottom) module.may_include.erase(other);
    std::erase_if(left, [&](const auto& row) { return bottom.contains(row.first); });
    removed = !bottom.empty();
  }
  EXPECT_THAT(left, IsEmpty()) << "these stand in a circle, or above one";
}

/// LibTorch's headers compile slowly and must stay where they are needed.
TEST(Layering, OnlySevenFoldersSeeTorch) {
  static const std::set<std::string> seeing = {"ops", "model", "engine", "screening", "training", "cluster", "repair"};
  static const std::regex torch(R"(\s*#\s*include\s*[<"](ATen|torch|c10)/.*)");
  for (const auto& entry : fs::recursive_directory_iterator(test::source_folder() / "tertium")) {
    const fs::path relative = fs::relative(entry.path(), test::source_folder() / "tertium");
    const std::string module = relative.begin()->string();
    if (!entry.is_regular_file() || seeing.contains(module)) continue;
    if (entry.path().extension() != ".h" && entry.path().extension() != ".cc") continue;
    for (const std::string& line : test::lines_of(read_text_file(entry.path())))
      EXPECT_FALSE(std::regex_match(line, torch)) << relative << ": " << line;
  }
}

}  // namespace
}  // namespace tertium
