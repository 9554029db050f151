#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tertium/translation/bleu.h"
#include "tertium/translation/chrf.h"
#include "tests/support/files.h"
#include "tests/support/program.h"

namespace tertium {
namespace {

using nlohmann::json;
using test::Finished;
using test::run_program;
using testing::AllOf;
using testing::HasSubstr;

class ScoreTranslations : public test::FolderTest {
 protected:
  std::string write(const std::string& name, const std::string& text) const {
    return temporary.write(name, text).string();
  }
};

TEST_F(ScoreTranslations, EachLanguageHasItsScoresAndIntervals) {
  std::string lines = "language\toutput\treference\n";
  for (const char* word : {"rain", "snow", "fog", "wind"})
    lines +=
        fmt::format("en\tthe {0} fell on us all.\tthe {0} fell upon all of us.\nzh\t他买了苹果\t他买了{0}\n", word);
  const std::string file = write("out.tsv", lines);
  const json all = json::parse(test::output_of({"score-translations", file, "--json"}));
  ASSERT_EQ(all.size(), 2u);
  for (const json& one : all) {
    EXPECT_EQ(one.at("n"), 4);
    for (const char* score : {"chrfpp", "chrf", "bleu"}) {
      const json& ci = one.at(score).at("ci");
      EXPECT_LE(ci.at(0), one.at(score).at("score"));
      EXPECT_GE(ci.at(1), one.at(score).at("score"));
    }
  }
  EXPECT_EQ(all[0].at("tokenizer"), "13a");
  EXPECT_EQ(all[1].at("tokenizer"), "zh");
  EXPECT_THAT(test::output_of({"score-translations", file}), AllOf(HasSubstr("chrF++"), HasSubstr("zh ")));
}

TEST_F(ScoreTranslations, SegmentsAreScoredAlone) {
  const std::string file = write("out.jsonl", R"({"output": "a wet street", "reference": "the street is wet", "note": 1}
{"output": "", "reference": "x"}
)");
  const std::vector<std::string> lines = test::lines_of(test::output_of({"score-translations", file, "--segments"}));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_NEAR(json::parse(lines[0]).at("chrf"), chrf(chrf_counts("a wet street", "the street is wet")), 1e-9);
  EXPECT_EQ(json::parse(lines[1]).at("chrfpp"), 0);
}

TEST_F(ScoreTranslations, BadFilesAreNamed) {
  const auto error = [](const std::string& file) {
    const Finished finished = run_program({"score-translations", file});
    EXPECT_NE(finished.status, 0) << file;
    return finished.err;
  };
  EXPECT_THAT(error(write("a.txt", "x")), HasSubstr("give a .jsonl, .tsv or .csv file"));
  EXPECT_THAT(error(write("b.tsv", "output\treference\n")), HasSubstr("b.tsv: holds no segment"));
  EXPECT_THAT(error(write("c.tsv", "output\tsource\nx\ty\n")), AllOf(HasSubstr("c.tsv:2"), HasSubstr("reference")));
  EXPECT_THAT(error(write("d.csv", "output,reference\nx,\n")), AllOf(HasSubstr("d.csv:2"), HasSubstr("reference")));
  EXPECT_THAT(error(write("e.jsonl", "{\"reference\": \"x\"}\n")), AllOf(HasSubstr("e.jsonl:1"), HasSubstr("output")));
}

}  // namespace
}  // namespace tertium
