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

JsonLine plain_line() {
  return {
      nlohmann::json::parse(R"({"story_id": "s1", "context": "One. Two. Three. Four.", "sentence_quiz1": "Good end.",
                                    "sentence_quiz2": "Bad end.", "answer_right_ending": 1})"),
      "en.jsonl:1"};
}

JsonLine official_line() {
  return {nlohmann::json::parse(R"({"InputStoryid": "s1", "InputSentence1": "One.", "InputSentence2": "Two.",
                                    "InputSentence3": "Three.", "InputSentence4": "Four.",
                                    "RandomFifthSentenceQuiz1": "Good end.", "RandomFifthSentenceQuiz2": "Bad end.",
                                    "AnswerRightEnding": "1"})"),
          "en.jsonl:1"};
}

TEST(XStoryCloze, ContinuesTheStoryWithEachEnding) {
  const Item item = task_named("xstorycloze").item(plain_line(), "en");
  EXPECT_EQ(item.id, "s1");
  EXPECT_EQ(item.gold, 0u);
  EXPECT_EQ(item.context, "One. Two. Three. Four.");
  EXPECT_THAT(item.options, ElementsAre(" Good end.", " Bad end."));
  EXPECT_EQ(item.statement_context, item.context);
  EXPECT_EQ(item.statement_options, item.options);
  EXPECT_EQ(item.premise, item.context);
}

TEST(XStoryCloze, BothSpellingsGiveTheSameItem) {
  const Item plain = task_named("xstorycloze").item(plain_line(), "en"),
             official = task_named("xstorycloze").item(official_line(), "en");
  EXPECT_EQ(plain.id, official.id);
  EXPECT_EQ(plain.gold, official.gold);
  EXPECT_EQ(plain.context, official.context);
  EXPECT_EQ(plain.options, official.options);
  EXPECT_EQ(plain.choices, official.choices);
  EXPECT_EQ(plain.fields, official.fields) << "so that a template serves both";
}

TEST(XStoryCloze, NamesTheMissingField) {
  for (const auto& [field, complaint] : {std::pair{"context", "no field \"context\""},
                                         {"sentence_quiz2", "no field \"sentence_quiz2\""},
                                         {"story_id", "no field \"story_id\""},
                                         {"answer_right_ending", "no field \"answer_right_ending\""}}) {
    JsonLine line = plain_line();
    line.value.erase(field);
    EXPECT_THAT(error_of([&] { task_named("xstorycloze").item(line, "en"); }), HasSubstr(complaint));
  }
  JsonLine line = official_line();
  line.value.erase("InputSentence3");
  EXPECT_THAT(error_of([&] { task_named("xstorycloze").item(line, "en"); }), HasSubstr("no field \"InputSentence3\""));
}

TEST(XStoryCloze, CountsEndingsFromOne) {
  JsonLine line = plain_line();
  line.value["answer_right_ending"] = 0;
  EXPECT_THAT(error_of([&] { task_named("xstorycloze").item(line, "en"); }),
              HasSubstr("is 0; expected a whole number from 1 to 2"));
}

TEST(XStoryClozeData, AllLanguagesAreParallelToEnglish) {
  SKIP_WITHOUT_SHARED();
  const auto data = shared_folder() / "data" / "xstorycloze";
  const std::vector<Item> pivot = read_items(task_named("xstorycloze"), data, "en", "");
  EXPECT_EQ(pivot.size(), 1511u);
  for (const char* language : {"ar", "hi", "id", "ru", "zh"})
    EXPECT_EQ(parallel_to(pivot, read_items(task_named("xstorycloze"), data, language, "")).size(), 1511u) << language;
}

}  // namespace
}  // namespace tertium
