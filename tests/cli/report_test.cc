// The page and the figures, as the real program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "tertium/base/text.h"
#include "tertium/cli/child.h"
#include "tests/support/files.h"
#include "tests/support/program.h"
#include "tests/support/report_results.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using test::Finished;
using test::output_of;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

class Report : public test::FolderTest {
 protected:
  Report() { test::write_made_up_results(results, {.items = 12, .blocks = 4}); }
  const fs::path results = folder / "results";
};

TEST_F(Report, LiesInTheResultsFolderUnlessTold) {
  EXPECT_THAT(output_of({"report", results.string()}), StartsWith((results / "report.html").string() + ": "));
  EXPECT_THAT(read_text_file(results / "report.html"), StartsWith("<!doctype html>"));
  output_of({"report", results.string(), "-o", (folder / "mine.html").string()});
  EXPECT_EQ(read_text_file(folder / "mine.html"), read_text_file(results / "report.html")) << "the same each time";
  EXPECT_FALSE(fs::exists(folder / "mine.html.partial"));
}

TEST_F(Report, ThatCannotBeWrittenIsAnError) {
  const Finished finished = test::run_program({"report", results.string(), "-o", (folder / "no/where.html").string()});
  EXPECT_EQ(finished.status, 1);
  EXPECT_THAT(finished.err, AllOf(StartsWith("Error: "), HasSubstr("where.html: cannot be written; give another -o")));
}

TEST_F(Report, OfAFolderWithoutResultsIsAnError) {
  EXPECT_THAT(test::run_program({"report", folder.string()}).err, HasSubstr("holds no results.db"));
}

class Plot : public Report {
 protected:
  void SetUp() override {
    if (!find_program("node")) GTEST_SKIP() << "SKIPPED: needs node; install it: apt-get install nodejs";
  }
  std::string figure(const std::string& name, const std::string& file, std::vector<std::string> more = {}) {
    const fs::path out = folder / file;
    std::vector<std::string> arguments = {"plot", results.string(), "--figure", name, "-o", out.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    EXPECT_EQ(output_of(arguments), "");
    return out.string();
  }
  std::string error(std::vector<std::string> more) {
    std::vector<std::string> arguments = {"plot", results.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished finished = test::run_program(arguments);
    EXPECT_EQ(finished.status, 1);
    return finished.err;
  }
};

TEST_F(Plot, WritesEveryFigureAsSvg) {
  for (const char* name : {"accuracy", "transfer", "alignment", "corpora", "lens", "correlation", "flips", "heatmap",
                           "recovery", "ablations", "ablated_alignment", "repairs"}) {
    const std::string svg = read_text_file(figure(name, "figure.svg"));
    EXPECT_THAT(svg, AllOf(StartsWith("<svg"), AnyOf(HasSubstr("Italian (it)"), HasSubstr(">it<")))) << name;
  }
}

TEST_F(Plot, WritesVegaLiteWithItsDataInIt) {
  const auto json = nlohmann::json::parse(read_text_file(figure("flips", "flips.vl.json", {"--language", "it"})));
  EXPECT_THAT(json.at("$schema").get<std::string>(), HasSubstr("vega-lite"));
  const nlohmann::json& rows = json.at("data").at("values");
  EXPECT_EQ(rows.size(), 4u * 5u) << "4 blocks under 5 controls";
  for (const nlohmann::json& row : rows) EXPECT_EQ(row.at("language"), "Italian (it)");
}

TEST_F(Plot, ChoosesWhatItIsToldTo) {
  const auto json = nlohmann::json::parse(
      read_text_file(figure("flips", "a.json", {"--place", "keep resid_post last", "--control", "same_gold"})));
  for (const nlohmann::json& row : json.at("data").at("values")) {
    EXPECT_EQ(row.at("direction"), "keep");
    EXPECT_TRUE(row.at("control") == "main" || row.at("control") == "same_gold");
  }
}

TEST_F(Plot, ComparesFoldersInAFigureOfTheirOwn) {
  const std::string other = (folder / "other").string(), out = (folder / "c.json").string();
  fs::copy(results, other, fs::copy_options::recursive);
  EXPECT_EQ(output_of({"plot", results.string(), other, "--figure", "compared", "--language", "it", "-o", out}), "");
  const auto json = nlohmann::json::parse(read_text_file(out));
  std::set<std::string> runs;
  for (const nlohmann::json& row : json.at("data").at("values")) {
    EXPECT_EQ(row.at("language"), "Italian (it)");
    runs.insert(row.at("run"));
  }
  EXPECT_EQ(runs.size(), 2u);
  EXPECT_THAT(error({"--figure", "compared", "-o", out}), HasSubstr("name them all"));
  EXPECT_THAT(error({other, "--figure", "flips", "-o", out}), HasSubstr("is of one folder"));
}

TEST_F(Plot, WritesPdfAndPngWhereAConverterIs) {
  if (!find_program("rsvg-convert"))
    GTEST_SKIP() << "SKIPPED: needs rsvg-convert; install it: apt-get install librsvg2-bin";
  EXPECT_GT(fs::file_size(figure("accuracy", "a.pdf")), 1000u);
  EXPECT_GT(fs::file_size(figure("accuracy", "a.png")), 1000u);
}

TEST_F(Plot, NamesWhatIsThereWhereItIsAskedForWhatIsNot) {
  const std::string out = (folder / "x.svg").string();
  EXPECT_THAT(error({"--figure", "flops", "-o", out}), HasSubstr("no figure \"flops\"; there are accuracy, transfer"));
  EXPECT_THAT(error({"--figure", "flips", "--language", "xx", "-o", out}),
              HasSubstr("no language \"xx\"; there are en"));
  EXPECT_THAT(error({"--figure", "flips", "--place", "fix", "-o", out}), HasSubstr("no place \"fix\"; there are fix "));
  EXPECT_THAT(error({"--figure", "heads", "-o", out}), HasSubstr("the results have nothing for figure heads"));
  EXPECT_THAT(error({"--figure", "flips", "-o", (folder / "x.gif").string()}), HasSubstr("is written as .json"));
  EXPECT_FALSE(fs::exists(out));
}

}  // namespace
}  // namespace tertium
