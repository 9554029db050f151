#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tertium/tasks/json_lines.h"
#include "tertium/tasks/task.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;
using test::shared_folder;
using testing::ElementsAre;
using testing::HasSubstr;

JsonLine line_of(const nlohmann::json& changes = nlohmann::json::object()) {
  JsonLine line{nlohmann::json::parse(R"({"link": "", "question_number": 12, "flores_passage": "Cats sleep.",
                                          "question": "Who sleeps?", "mc_answer1": "Dogs", "mc_answer2": "Cats",
                                          "mc_answer3": "Birds", "mc_answer4": "Fish", "correct_answer_num": "2"})"),
                "eng_Latn.jsonl:1"};
  line.value.update(changes);
  return line;
}

std::string error_with(const nlohmann::json& changes) {
  return error_of([&] { task_named("belebele").item(line_of(changes), "eng_Latn"); });
}

TEST(Belebele, AsksForALetterAndAlignsTheAnswers) {
  const Item item = task_named("belebele").item(line_of(), "eng_Latn");
  EXPECT_EQ(item.gold, 1u);
  EXPECT_EQ(item.context, "P: Cats sleep.\nQ: Who sleeps?\nA: Dogs\nB: Cats\nC: Birds\nD: Fish\nAnswer:");
  EXPECT_THAT(item.options, ElementsAre(" A", " B", " C", " D"));
  EXPECT_EQ(item.statement_context, "Cats sleep. Who sleeps?");
  EXPECT_THAT(item.statement_options, ElementsAre(" Dogs", " Cats", " Birds", " Fish"));
  EXPECT_EQ(item.premise, "Cats sleep. Who sleeps?");
  EXPECT_THAT(item.choices, ElementsAre("Dogs", "Cats", "Birds", "Fish"));
}

TEST(Belebele, StripsTheQuestionInTheContextOnly) {
  const Item item = task_named("belebele").item(line_of({{"question", " Who sleeps? "}}), "eng_Latn");
  EXPECT_THAT(item.context, HasSubstr("\nQ: Who sleeps?\nA: "));
  EXPECT_EQ(item.premise, "Cats sleep.  Who sleeps? ");
}

TEST(Belebele, ReadsItsNumbersAsNumbersAndAsText) {
  EXPECT_EQ(task_named("belebele").item(line_of({{"correct_answer_num", 4}}), "x").gold, 3u);
  EXPECT_EQ(task_named("belebele").item(line_of({{"question_number", "3"}}), "x").id, "3");
}

TEST(Belebele, NamesAQuestionByItsPassageWhereTheFileDoes) {
  EXPECT_EQ(task_named("belebele").item(line_of(), "x").id, "12");
  EXPECT_EQ(task_named("belebele").item(line_of({{"link", nullptr}}), "x").id, "12");
  EXPECT_EQ(task_named("belebele").item(line_of({{"link", "page"}}), "x").id, "page#12");
  EXPECT_EQ(task_named("belebele").item(line_of({{"link", "page"}, {"split", "dev"}}), "x").id, "page#dev#12");
}

TEST(Belebele, RefusesFieldsOutOfRange) {
  EXPECT_THAT(error_with({{"correct_answer_num", "5"}}), HasSubstr("is \"5\"; expected a whole number from 1 to 4"));
  EXPECT_THAT(error_with({{"correct_answer_num", "A"}}), HasSubstr("is \"A\"; expected a whole number from 1 to 4"));
  EXPECT_THAT(error_with({{"question_number", -1}}), HasSubstr("is -1; expected a whole number from 0 on"));
  EXPECT_THAT(error_with({{"mc_answer3", ""}}), HasSubstr("eng_Latn.jsonl:1: field \"mc_answer3\" is empty"));
  EXPECT_THAT(error_with({{"link", 7}}), HasSubstr("field \"link\" is 7; expected text"));
}

TEST(BelebeleData, AllLanguagesAreParallelToEnglish) {
  SKIP_WITHOUT_SHARED();
  const auto data = shared_folder() / "data" / "belebele";
  const std::vector<Item> pivot = read_items(task_named("belebele"), data, "eng_Latn", "");
  EXPECT_EQ(pivot.size(), 899u);
  for (const char* language : {"arb_Arab", "deu_Latn", "fra_Latn", "hin_Deva", "rus_Cyrl", "spa_Latn", "swh_Latn",
                               "tha_Thai", "tur_Latn", "vie_Latn", "zho_Hans"})
    EXPECT_EQ(parallel_to(pivot, read_items(task_named("belebele"), data, language, "")).size(), 899u) << language;
}

}  // namespace
}  // namespace tertium
