// Statistics of results and of other tools' files, as the real program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tertium/base/text.h"
#include "tertium/store/store.h"
#include "tests/support/small_experiment.h"

namespace tertium {
namespace {

using nlohmann::json;
using test::Finished;
using test::lines_of;
using test::output_of;
using test::run_program;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class Statistics : public test::SmallExperiment {};

TEST_F(Statistics, ShowAndStatsSayTheSame) {
  results_of("results");
  const json stats = json::parse(output_of({"stats", results.string(), "--json"}));
  const json shown = json::parse(output_of({"show", results.string(), "--json"}));
  for (const char* table : {"languages", "alignment", "layer_choice", "across", "flips", "places", "ablations", "ablated_alignment", "regression"}) {
    ASSERT_TRUE(stats.contains(table)) << table;
    EXPECT_EQ(stats.at(table), shown.at(table)) << table;
  }
  EXPECT_EQ(stats.at("conclusions"), shown.at("conclusions"));
  EXPECT_FALSE(stats.at("flips").empty());
}

TEST_F(Statistics, FitOnEightyColumns) {
  results_of("results");
  for (const std::vector<std::string>& command : {std::vector<std::string>{"stats"}, {"show"}, {"show", "--all"}}) {
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.begin() + 1, results.string());
    for (const std::string& line : lines_of(output_of(arguments))) EXPECT_LE(code_points(line), 80u) << line;
  }
}

TEST_F(Statistics, APictureComesFirstAndTablesOnDemand) {
  results_of("results");
  const std::string picture = output_of({"show", results.string()}),
                    tables = output_of({"show", results.string(), "--all"});
  for (const char* part : {"Accuracy, % [95 %], on a line from 0 to 100", "(chance 50 %)", "DALI: % of items aligned with en, TS and TF (chance 17 %); stream indices",
                           "de       main ", "same_gold", "blocks 0 to 1", "Conclusions"})
    EXPECT_THAT(picture, HasSubstr(part));
  EXPECT_EQ(picture.find("  layer    "), picture.npos);
  for (const char* part : {"  layer    ", "  block", "main | same_gold | self", "DALI: % of items aligned with en, TS | TF (chance 17 %)",
                           "MEXAT: % of items aligned with en, TS | TF (chance 2.6 %)", "Conclusions\n"})
    EXPECT_THAT(tables, HasSubstr(part));
}

TEST_F(Statistics, OneTableComesAsCsvMarkdownOrTex) {
  results_of("results");
  const auto table = [&](const std::string& format) {
    return output_of({"stats", results.string(), "--format", format, "--table", "languages"});
  };
  EXPECT_THAT(table("csv"), StartsWith("task,protocol,language,n,correct,accuracy,accuracy_ci_low,accuracy_ci_high,"));
  EXPECT_THAT(table("md"), StartsWith("| task | protocol | language |"));
  EXPECT_THAT(table("tex"), StartsWith("\\begin{tabular}"));
  EXPECT_THAT(run_program({"stats", results.string(), "--format", "csv"}).err,
              HasSubstr("a CSV file is one table; add --table, one of languages, alignment"));
  EXPECT_THAT(run_program({"stats", results.string(), "--table", "flops"}).err,
              HasSubstr("--table flops: no such table; the tables are languages"));
}

TEST_F(Statistics, OfOtherToolsFilesNeedNoResults) {
  const auto answers = temporary.write("a.csv", "language,item,correct_pivot,correct\nit,0,1,1\nit,1,1,0\n");
  const json stats = json::parse(output_of({"stats", "--answers", answers.string(), "--json"}));
  EXPECT_EQ(stats.at("languages").at(0).at("tf"), 1);
  EXPECT_THAT(run_program({"stats"}).err, HasSubstr("give a results folder, or --answers"));
  EXPECT_THAT(run_program({"stats", "x", "--answers", answers.string()}).err, HasSubstr("not both"));
}

TEST_F(Statistics, OfARunComparedWithItselfShowNoChange) {
  results_of("results");
  const json same = json::parse(output_of({"compare", results.string(), results.string(), "--json"}));
  EXPECT_EQ(same.at("items").size(), 0u);
  for (const json& row : same.at("answers")) {
    EXPECT_EQ(row.at("difference"), 0);
    EXPECT_EQ(row.at("p"), 1);
  }
  ASSERT_FALSE(same.at("transfer").empty());
  for (const json& row : same.at("transfer")) {
    EXPECT_EQ(row.at("mended"), 0);
    EXPECT_EQ(row.at("broken"), 0);
    EXPECT_EQ(row.at("first_ts"), row.at("second_ts"));
    EXPECT_EQ(row.at("p"), 1);
  }
  EXPECT_FALSE(same.at("alignment").empty());
  EXPECT_FALSE(same.at("flips").empty());
  for (const json& row : same.at("flips")) {
    EXPECT_EQ(row.at("first_rate"), row.at("second_rate"));
    EXPECT_EQ(row.at("p_bh"), 1);
  }
}

TEST_F(Statistics, OfTwoRunsCountTheItemsThatChanged) {
  results_of("results");
  tiny.seed += 1;
  write_tiny_model(model, tiny);
  results_of("other");
  const json changed = json::parse(output_of({"compare", results.string(), (folder / "other").string(), "--json"}));
  std::size_t won = 0, lost = 0;
  for (const json& row : changed.at("answers")) {
    won += row.at("won").get<std::size_t>();
    lost += row.at("lost").get<std::size_t>();
    const double n = row.at("n").get<double>();
    EXPECT_NEAR(row.at("difference").get<double>(), (row.at("won").get<double>() - row.at("lost").get<double>()) / n,
                1e-12);
  }
  EXPECT_GT(won + lost, 0u) << "another model answers otherwise";
  EXPECT_EQ(changed.at("items").size(), won + lost);
  EXPECT_THAT(output_of({"compare", results.string(), (folder / "other").string()}),
              AllOf(HasSubstr("Conclusions"), HasSubstr("answers changed; --items lists them")));
}

TEST_F(Statistics, AnImportThatFailsLeavesNothingAndReplacesNothing) {
  results_of("results");
  const std::size_t scores = Store::open(results).scores().size();
  const auto import = [&](const char* out) {
    return run_program({"import", "lm-eval", (folder / "none.json").string(), "--out", (folder / out).string(), "--force"});
  };
  for (const char* out : {"new", "results"}) EXPECT_EQ(import(out).status, 1);
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    EXPECT_THAT(entry.path().filename().string(), testing::Not(StartsWith("new")));
  EXPECT_EQ(Store::open(results).scores().size(), scores);
}

TEST_F(Statistics, OfRunsWithoutACommonItemAreRefused) {
  results_of("results");
  const auto answers = temporary.write("xcopa/it.json", R"({"correct_en": "11", "correct_x": "10"})");
  output_of({"import", "paper", folder.string(), "--out", (folder / "paper").string()});
  const Finished finished = run_program({"compare", results.string(), (folder / "paper").string()});
  EXPECT_EQ(finished.status, 1);
  EXPECT_THAT(finished.err, HasSubstr("have no item of one task, protocol and language in common"));
}

}  // namespace
}  // namespace tertium
