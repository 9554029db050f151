#include "tertium/interchange/lm_eval.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/files.h"

namespace tertium {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class LmEval : public test::FolderTest {
 protected:
  static std::string sample(int id, int label, const std::vector<std::string>& scores) {
    json responses = json::array();
    for (const std::string& score : scores) responses.push_back({score, "False"});
    return json{{"doc_id", id},
                {"doc",
                 {{"idx", id},
                  {"label", label},
                  {"question", "cause"},
                  {"premise", "P."},
                  {"choice1", "A."},
                  {"choice2", "B."}}},
                {"target", "0"},
                {"resps", json::array()},
                {"filtered_resps", responses}}
               .dump() +
           "\n";
  }
  void write(const std::string& language, const std::string& lines) {
    temporary.write("m/samples_xcopa_" + language + "_2025-01-01T00-00-00.jsonl", lines);
  }
  std::vector<ScoreRow> import(const std::vector<std::filesystem::path>& from) {
    Store store = Store::create(folder / "out", true);
    import_lm_eval(from, "en", store);
    store.commit();
    return store.scores();
  }
};

TEST_F(LmEval, SamplesBecomeScoresUnderTheBenchmarksOwnIds) {
  write("it", sample(7, 1, {"-2.5", "-1"}));
  write("en", sample(7, 1, {"-1", "-2"}));
  temporary.write("m/results_2025-01-01T00-00-00.json", R"({"model_name": "some/model", "n-shot": {"xcopa_it": 5}})");
  for (const std::filesystem::path& from : {folder / "m", folder / "m/results_2025-01-01T00-00-00.json"}) {
    const std::vector<ScoreRow> rows = import({from});
    ASSERT_EQ(rows.size(), 4u);
    EXPECT_EQ(rows[0].language, "en");
    EXPECT_EQ(rows[2].task + rows[2].item + rows[2].protocol, "xcopa7loglik");
    EXPECT_EQ(rows[2].score, -2.5);
    EXPECT_TRUE(rows[3].is_gold);
  }
  EXPECT_THAT(Store::open(folder / "out").info(),
              testing::Contains(std::pair<std::string, std::string>(
                  "lm-eval results_2025-01-01T00-00-00.json model_name", "some/model")));
}

TEST_F(LmEval, WhatDoesNotFitNamesFileAndLine) {
  const auto error = [&] { return test::error_of([&] { import({folder / "m"}); }); };
  write("it", sample(7, 1, {"-1"}));
  EXPECT_THAT(error(), HasSubstr(".jsonl:1: 1 responses, but the item has 2 options"));
  write("it", sample(7, 1, {"-1", "nan"}));
  EXPECT_THAT(error(), HasSubstr(".jsonl:1: a response is no log-likelihood"));
  write("it", sample(7, 1, {"-1", "-2"}));
  EXPECT_THAT(error(), HasSubstr("xcopa: no samples of the pivot en"));
  temporary.write("m/samples_hellaswag_2025.jsonl", "{}\n");
  EXPECT_THAT(error(), HasSubstr("\"hellaswag\" is no benchmark that tertium knows"));
  EXPECT_THAT(test::error_of([&] { import({folder / "none"}); }), HasSubstr("no such file or folder"));
}

}  // namespace
}  // namespace tertium
