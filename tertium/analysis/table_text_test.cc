#include "tertium/analysis/table_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tertium {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const ResultTable kTable = {"t",
                            {"name", "n", "rate", "rate_ci"},
                            {{std::string("a_\"b\""), std::int64_t{3}, 0.1, CellInterval{0, 0.25}},
                             {std::string("=x|y"), std::int64_t{0}, kUnknown, CellInterval{}}}};

TEST(TableText, CsvKeepsAllDigitsAndQuotesAndNeverStartsAFormula) {
  EXPECT_EQ(to_csv(kTable),
            "name,n,rate,rate_ci_low,rate_ci_high\r\n"
            "\"a_\"\"b\"\"\",3,0.1,0,0.25\r\n"
            "'=x|y,0,,,\r\n");
}

TEST(TableText, MarkdownEscapesItsOwnMarks) {
  EXPECT_EQ(to_markdown(kTable),
            "| name | n | rate | rate_ci |\n| --- | --- | --- | --- |\n"
            "| a_\"b\" | 3 | 0.1 | [0, 0.25] |\n| =x\\|y | 0 |  |  |\n");
}

TEST(TableText, TexEscapesItsOwnMarks) {
  EXPECT_THAT(to_tex(kTable), StartsWith("\\begin{tabular}{llll}\n\\toprule\nname & n & rate & rate\\_ci \\\\\n"));
  EXPECT_THAT(to_tex(kTable), HasSubstr("\na\\_\"b\" & 3 & 0.1 & [0, 0.25] \\\\\n"));
}

TEST(TableText, JsonHasEveryTableAndNullForWhatIsUnknown) {
  Analysis analysis;
  analysis.languages.push_back({.of = {"xcopa", "loglik", "it"}, .n = 2, .correct = 1, .accuracy = {.value = 0.5}});
  analysis.conclusions = {"So."};
  const nlohmann::ordered_json json = to_json(analysis);
  EXPECT_EQ(json.at("languages").at(0).at("accuracy"), 0.5);
  EXPECT_TRUE(json.at("languages").at(0).at("accuracy_ci").is_null());
  EXPECT_TRUE(json.at("noise_floor").is_null());
  for (const char* table : {"alignment", "layer_choice", "across", "flips", "places", "regression"})
    EXPECT_TRUE(json.at(table).is_array()) << table;
  EXPECT_EQ(json.at("conclusions").at(0), "So.");
}

}  // namespace
}  // namespace tertium
