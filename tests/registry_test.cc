// What can be added by one file and one line: the lines of the .def files, and the files that they name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <string>
#include <vector>

#include "tertium/audit/check.h"
#include "tertium/base/names.h"
#include "tertium/base/text.h"
#include "tertium/metrics/metric.h"
#include "tertium/model/family.h"
#include "tertium/patching/control.h"
#include "tertium/tasks/task.h"
#include "tests/support/files.h"
#include "tests/support/program.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using testing::UnorderedElementsAreArray;

struct Registry {
  const char* lines;       // the .def file, under tertium/
  const char* files;       // the folder of the files, under tertium/
  const char* definition;  // what such a file defines; the group is the name of its line
};
const Registry kRegistries[] = {
    {"model/families.def", "model/families", R"(extern const Family (\w+)_family = .*)"},
    {"tasks/tasks.def", "tasks", R"(extern const Task (\w+)_task = .*)"},
    {"metrics/metrics.def", "metrics", R"(extern const Metric (\w+)_metric = .*)"},
    {"patching/controls.def", "patching/controls", R"(extern const Control (\w+)_control = .*)"},
    {"audit/checks.def", "audit/checks", R"(extern const Check (\w+)_check = .*)"},
    {"cli/commands.def", "cli", R"(void add_(\w+)\(CLI::App& app\) \{)"},
};

fs::path sources() { return test::source_folder() / "tertium"; }

/// The first groups of all lines of a file that match a pattern.
std::vector<std::string> matches(const fs::path& file, const std::string& pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (const std::string& line : test::lines_of(read_text_file(file)))
    if (std::smatch groups; std::regex_match(line, groups, regex)) found.push_back(groups[1]);
  return found;
}

std::vector<std::string> names_in(const Registry& registry) {
  return matches(sources() / registry.lines, R"(TERTIUM_[A-Z]+\((\w+)\))");
}

std::vector<std::string> registered(const std::string& lines) {
  const auto registry = std::ranges::find(kRegistries, lines, &Registry::lines);
  return names_in(*registry);
}

TEST(Registries, HaveALineForEachFileAndAFileForEachLine) {
  for (const Registry& registry : kRegistries) {
    std::vector<std::string> defined;
    for (const auto& entry : fs::directory_iterator(sources() / registry.files))
      for (const std::string& name : matches(entry.path(), registry.definition)) {
        EXPECT_EQ(entry.path().filename(), name + ".cc") << "defines " << name;
        defined.push_back(name);
      }
    EXPECT_FALSE(defined.empty()) << registry.definition << " matches nothing";
    EXPECT_THAT(names_in(registry), UnorderedElementsAreArray(defined)) << registry.lines;
  }
}

TEST(Registries, GiveEachThingTheNameOfItsLineInTheOrderOfTheLines) {
  EXPECT_EQ(names_of(families()), registered("model/families.def"));
  EXPECT_EQ(task_names(), registered("tasks/tasks.def"));
  EXPECT_EQ(names_of(metrics()), registered("metrics/metrics.def"));
  EXPECT_EQ(names_of(controls()), registered("patching/controls.def"));
  EXPECT_EQ(names_of(checks()), registered("audit/checks.def"));
  std::vector<std::string> commands = registered("cli/commands.def");
  for (std::string& command : commands) std::ranges::replace(command, '_', '-');  // as one types them
  EXPECT_EQ(test::command_names(), commands);
}

/// Else a line would rebuild whatever includes that other file.
TEST(Registries, AreIncludedByOneSourceFileEach) {
  for (const Registry& registry : kRegistries) {
    std::vector<std::string> including;
    for (const char* folder : {"tertium", "tests", "bench", "fuzz"})
      for (const auto& entry : fs::recursive_directory_iterator(test::source_folder() / folder)) {
        const fs::path extension = entry.path().extension();
        if (extension != ".h" && extension != ".cc") continue;
        if (!matches(entry.path(), "(\\s*#\\s*include\\s*\".*" + std::string(registry.lines) + "\".*)").empty())
          including.push_back(entry.path().filename().string());
      }
    ASSERT_EQ(including.size(), 1u) << registry.lines << ": " << join(including);
    EXPECT_TRUE(including[0].ends_with(".cc")) << including[0];
  }
}

}  // namespace
}  // namespace tertium
