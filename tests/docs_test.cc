// The documentation names all that the program knows, and what it shows works.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "tertium/audit/check.h"
#include "tertium/base/text.h"
#include "tertium/experiment/experiment.h"
#include "tertium/formats/safetensors.h"
#include "tertium/metrics/metric.h"
#include "tertium/model/family.h"
#include "tertium/model/site.h"
#include "tertium/patching/control.h"
#include "tertium/tasks/task.h"
#include "tests/support/files.h"
#include "tests/support/program.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;

struct Page {
  std::string name;
  std::string text;
};

Page page(const fs::path& file) { return {file.string(), read_text_file(test::source_folder() / file)}; }

/// README.md and everything under docs/.
std::vector<fs::path> user_pages() {
  std::vector<fs::path> files = {"README.md"};
  for (const auto& entry : fs::directory_iterator(test::source_folder() / "docs"))
    if (entry.path().extension() == ".md") files.push_back(fs::path("docs") / entry.path().filename());
  return files;
}

Page all_user_pages() {
  Page all{"README.md and docs/", ""};
  for (const fs::path& file : user_pages()) all.text += page(file).text;
  return all;
}

std::string code(std::string_view name) { return "`" + std::string(name) + "`"; }

void expect_names(const Page& page, const std::string& what) {
  EXPECT_NE(page.text.find(what), std::string::npos) << page.name << " does not say " << what;
}

/// A row of a table that begins with the name.
void expect_row(const Page& page, std::string_view name) { expect_names(page, "\n| " + code(name) + " | "); }

TEST(Docs, NameEveryCommand) {
  const Page pages = all_user_pages();
  for (const std::string& command : test::command_names()) expect_names(pages, "tertium " + command + " ");
}

TEST(Docs, NameEveryFamily) {
  const Page pages = all_user_pages();
  for (const Family* family : families()) expect_names(pages, code(family->name));
}

TEST(Docs, DefineEveryTask) {
  const Page methods = page("docs/methods.md");
  for (const std::string& task : task_names()) expect_row(methods, task);
}

TEST(Docs, DefineEveryMetric) {
  const Page methods = page("docs/methods.md");
  for (const Metric* metric : metrics()) expect_row(methods, metric->name);
}

TEST(Docs, DefineEveryControl) {
  const Page methods = page("docs/methods.md");
  for (const Control* control : controls()) expect_row(methods, control->name);
}

TEST(Docs, DefineEveryCheckOfTheAudit) {
  const Page audit = page("docs/audit.md");
  for (const Check* check : checks()) expect_row(audit, check->name);
}

TEST(Docs, DefineEverySite) {
  const Page methods = page("docs/methods.md");
  for (const SiteInfo& site : site_kinds()) expect_row(methods, site.name);
}

TEST(Docs, NameEveryTensorOfAGoldenFolder) {
  static const std::regex sequence("[0-9]+$");
  const Page golden = page("docs/golden.md");
  const fs::path file = test::source_folder() / "tests/fixtures/golden/llama/expect.safetensors";
  const Safetensors expected(file);
  for (const TensorView& tensor : expected.tensors())
    expect_names(golden, code(std::regex_replace(tensor.name, sequence, "N")));
}

TEST(Docs, OfTheExperimentFileNameEveryTaskMetricAndControl) {
  const Page experiment = page("docs/experiment.md");
  for (const std::string& task : task_names()) expect_names(experiment, code(task));
  for (const Metric* metric : metrics()) expect_names(experiment, code(metric->name));
  for (const Control* control : controls()) expect_names(experiment, code(control->name));
}

/// The options of every command, as the manual lists them: "--out".
std::map<std::string, std::set<std::string>> options_by_command() {
  static const std::regex option("--[a-z-]+");
  std::map<std::string, std::set<std::string>> options;
  std::string command;
  for (const std::string& line : test::lines_of(test::output_of({"manual", "md"}))) {
    if (line.starts_with("## tertium ")) command = line.substr(11);
    if (line.starts_with("| `--"))
      for (std::sregex_iterator
               found(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(line.find(" | ")), option),
           end;
           found != end; ++found)
        options[command].insert(found->str());
    if (!command.empty()) options[command].insert("--help");
  }
  return options;
}

TEST(Docs, ShowNoCommandAndNoOptionThatThereIsNot) {
  // In a block of code, or between backquotes: up to a comment, the next command or the end.
  static const std::regex shown(R"((?:\n    (?:build/release/)?|`(?:build/release/)?)tertium ([a-z_-]+)([^`\n#|]*))"),
      option("--[a-z-]+");
  const auto known = options_by_command();
  std::size_t options = 0;
  for (const fs::path& file : user_pages()) {
    const Page read = page(file);
    for (std::sregex_iterator found(read.text.begin(), read.text.end(), shown), end; found != end; ++found) {
      const std::string command = (*found)[1], rest = (*found)[2];
      ASSERT_TRUE(known.contains(command)) << read.name << ": tertium " << command;
      for (std::sregex_iterator one(rest.begin(), rest.end(), option); one != end; ++one) {
        EXPECT_TRUE(known.at(command).contains(one->str())) << read.name << ": " << found->str();
        ++options;
      }
    }
  }
  EXPECT_GT(options, 30u) << "hardly any were found: does the pattern still fit?";
}

TEST(Docs, EveryExperimentThatIsShownReads) {
  const test::TempFolder folder;
  std::size_t read = 0;
  for (const fs::path& file : user_pages()) {
    const std::string text = page(file).text, open = "```toml\nmodel = ";
    for (std::size_t at = text.find(open); at != text.npos; at = text.find(open, at + 1), ++read) {
      const std::size_t begin = at + 8;
      const auto shown = folder.write("shown.toml", text.substr(begin, text.find("```", begin) - begin));
      EXPECT_EQ(test::error_of([&] { read_experiment(shown, {}); }), "") << file;
    }
  }
  EXPECT_GE(read, 3u);
}

/// The first block of TOML in a page.
std::string shown_toml(const Page& page) {
  const std::string open = "```toml\n";
  const std::size_t begin = page.text.find(open) + open.size();
  return page.text.substr(begin, page.text.find("```", begin) - begin);
}

TEST(Docs, TheExperimentThatIsShownReads) {
  const test::TempFolder folder;
  const auto file = folder.write("shown.toml", shown_toml(page("docs/experiment.md")));
  const Experiment experiment = read_experiment(file, {});
  EXPECT_EQ(experiment.tasks.size(), 1u);
  EXPECT_FALSE(experiment.metrics.empty());
  EXPECT_TRUE(experiment.patch.has_value());
}

/// The keys of a table of the experiment file, as the reader lists them where it is given one that it does not know.
std::vector<std::string> known_keys(const fs::path& experiment, const std::string& table) {
  static const std::string lead = "known: ";
  static const std::regex key("[a-z_]+");
  const std::string message = test::error_of([&] { read_experiment(experiment, {table + "qqqqqqqqqqqq=1"}); });
  const std::size_t list = message.find(lead);
  if (list == std::string::npos) return {};
  return {
      std::sregex_token_iterator(message.begin() + static_cast<std::ptrdiff_t>(list + lead.size()), message.end(), key),
      {}};
}

TEST(Docs, ExplainEveryKeyThatAnExperimentMayHave) {
  const Page explained = page("docs/experiment.md");
  const test::TempFolder folder;
  const auto file = folder.write("shown.toml", shown_toml(explained));
  const Page training = page("docs/training.md");
  const auto training_file = folder.write("training.toml", shown_toml(training));
  for (const std::string table : {"", "task.", "align.", "lens.", "ablate.", "repair.", "patch.", "train."}) {
    const bool is_training = table == "train.";
    const std::vector<std::string> keys = known_keys(is_training ? training_file : file, table);
    EXPECT_FALSE(keys.empty()) << table;
    for (const std::string& key : keys) {
      const bool is_table = table.empty() && (key == "task" || key == "align" || key == "lens" || key == "ablate" ||
                                              key == "repair" || key == "patch" || key == "train");
      if (!is_table) expect_row(is_training ? training : explained, table + key);
      if (is_table) expect_names(explained, "[" + key + "]");
    }
  }
}

TEST(Docs, EveryExampleReads) {
  for (const auto& entry : fs::recursive_directory_iterator(test::source_folder() / "examples")) {
    const fs::path& file = entry.path();
    const bool is_experiment =
        file.extension() == ".toml" && read_text_file(file).find("[[task]]") != std::string::npos;
    if (!is_experiment) continue;
    EXPECT_EQ(test::error_of([&] { read_experiment(file, {}); }), "") << file;
  }
}

TEST(Docs, EveryLinkBetweenPagesLeadsSomewhere) {
  static const std::regex link(R"(\]\(([^)#:]+)(#[^)]*)?\))");  // no colon: not another site
  std::vector<fs::path> files = user_pages();
  for (const char* file : {"ARCHITECTURE.md", "CONTRIBUTING.md"}) files.emplace_back(file);
  for (const fs::path& file : files) {
    const std::string text = page(file).text;
    for (std::sregex_iterator found(text.begin(), text.end(), link), end; found != end; ++found)
      EXPECT_TRUE(fs::exists(test::source_folder() / file.parent_path() / (*found)[1].str()))
          << file << ": " << found->str();
  }
}

}  // namespace
}  // namespace tertium
