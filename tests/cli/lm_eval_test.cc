// Answers as lm-evaluation-harness's files and back, as the real program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "tertium/base/text.h"
#include "tertium/store/store.h"
#include "tests/support/small_experiment.h"

namespace tertium {
namespace {

using nlohmann::json;
using test::Finished;
using test::output_of;
using test::run_program;
using testing::AllOf;
using testing::HasSubstr;

class LmEvalFilesOfARun : public test::SmallExperiment {
 protected:
  const std::string out = (folder / "lm-eval").string();

  /// What stands in every file below a folder, by name.
  static std::map<std::string, std::string> contents(const std::filesystem::path& folder) {
    std::map<std::string, std::string> contents;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
      if (entry.is_regular_file()) contents[entry.path().filename().string()] = read_text_file(entry.path());
    return contents;
  }
};

TEST_F(LmEvalFilesOfARun, AreTheSameFromTheRunAndFromItsResults) {
  const Finished finished = run({"--lm-eval", out});
  ASSERT_EQ(finished.status, 0) << finished.err;
  EXPECT_THAT(finished.out, AllOf(HasSubstr("Wrote items_en, items_de"), HasSubstr("left out: items letters")));
  for (const std::string& line : test::lines_of(finished.out))
    if (line.find(folder.string()) == line.npos) {
      EXPECT_LE(code_points(line), 80u) << line;
    }
  output_of({"export", results.string(), "--format", "lm-eval", "--out", (folder / "again").string()});
  EXPECT_EQ(contents(out).size(), 3u);
  EXPECT_EQ(contents(out), contents(folder / "again"));
}

TEST_F(LmEvalFilesOfARun, ReadBackGiveTheSameStatistics) {
  results_of("results", {"--lm-eval", out});
  output_of({"import", "lm-eval", out, "--out", (folder / "back").string()});
  std::vector<ScoreRow> before = Store::open(results).scores(), after = Store::open(folder / "back").scores();
  std::erase_if(before, [](const ScoreRow& row) { return row.protocol != "loglik"; });
  const auto key = [](const ScoreRow& row) {
    return std::tuple(row.task, row.language, row.item, row.option, row.score, row.is_gold, row.characters);
  };
  std::ranges::sort(before, {}, key);
  std::ranges::sort(after, {}, key);
  ASSERT_EQ(before.size(), after.size());
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_EQ(key(before[i]), key(after[i]));
}

TEST_F(LmEvalFilesOfARun, AsAnswersOfAnotherToolAreHeldAgainstTheAlignmentOfARun) {
  results_of("results", {"--lm-eval", out});
  const std::string imported = (folder / "imported").string();
  output_of({"import", "lm-eval", out, "--out", imported});
  const json stats = json::parse(output_of({"stats", results_of("with", {"--answers", imported}).string(), "--json"}));
  const auto of = [&](const char* table, const std::string& protocol) {
    std::vector<json> rows;
    for (const json& row : stats.at(table)) {
      if (row.at("protocol") != protocol) continue;
      json& kept = rows.emplace_back();
      for (const char* key : {"language", "metric", "stream", "layer", "ts_k", "ts_n", "tf_k", "tf_n", "correct"})
        if (row.contains(key)) kept[key] = row[key];
    }
    return rows;
  };
  EXPECT_EQ(of("languages", "loglik:imported").size(), 2u);
  EXPECT_FALSE(of("alignment", "loglik:imported").empty());
  EXPECT_EQ(of("alignment", "loglik:imported"), of("alignment", "loglik"));
  EXPECT_TRUE(of("flips", "loglik:imported").empty()) << "patches belong to the run's own scores";
}

TEST_F(LmEvalFilesOfARun, OfOtherItemsAreNoAnswers) {
  results_of("results", {"--lm-eval", out, "--set", "task.limit=5"});
  const std::string imported = (folder / "imported").string();
  output_of({"import", "lm-eval", out, "--out", imported});
  const auto error = [&](const std::vector<std::string>& more) {
    std::vector<std::string> all = {"--answers", imported};
    all.insert(all.end(), more.begin(), more.end());
    const Finished finished = run(all, "never");
    EXPECT_EQ(finished.status, 1);
    EXPECT_FALSE(std::filesystem::exists(folder / "never/results.db"));
    return finished.err;
  };
  EXPECT_THAT(error({}), HasSubstr("items en, item snow-hot: the imported answers have none"));
  const std::string id = R"({"id": "rain-wet", "gold": 0, "context": "the rain is", )";
  replace_item("en", 1, id + R"("options": [" wet", " very very dry"]})");
  EXPECT_THAT(error({"--set", "task.limit=5"}),
              HasSubstr("items en, item rain-wet: option 1 (0-based) has 8 characters in the imported answers, 13 in"));
  replace_item("en", 1, id + R"("options": [" wet", " very dry", " hot"]})");
  replace_item("de", 1, id + R"("options": [" nass", " sehr trocken", " warm"]})");
  EXPECT_THAT(error({"--set", "task.limit=5"}), HasSubstr("2 options in the imported answers, 3 in the file"));
}

TEST_F(LmEvalFilesOfARun, AreRefusedBeforeTheRunWhereThereCanBeNone) {
  const Finished letters = run({"--set", "task.protocol=letters", "--lm-eval", out});
  EXPECT_EQ(letters.status, 1);
  temporary.write("file", "");
  const Finished no_folder = run({"--lm-eval", (folder / "file").string()});
  EXPECT_EQ(no_folder.status, 1);
  EXPECT_THAT(no_folder.err, AllOf(HasSubstr("--lm-eval"), HasSubstr("cannot be made")));
  EXPECT_FALSE(std::filesystem::exists(results)) << "a run that is refused leaves no folder";
}

TEST_F(LmEvalFilesOfARun, NeedAFolderAndNoTable) {
  EXPECT_THAT(run_program({"export", "x", "--format", "lm-eval"}).err, HasSubstr("give the folder for them, --out"));
  EXPECT_THAT(run_program({"export", "x", "--format", "lm-eval", "--out", out, "--table", "scores"}).err,
              HasSubstr("--table: lm-eval files hold no table"));
  EXPECT_THAT(run_program({"export", "x", "--table", "scores", "--out", out}).err, HasSubstr("only --format lm-eval"));
  EXPECT_THAT(run_program({"export", "x"}).err, HasSubstr("--table is missing; the tables are items"));
}

}  // namespace
}  // namespace tertium
