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

JsonLine hub_line() {
  return {nlohmann::json::parse(R"({"story_id": "s1", "input_sentence_1": "One.", "input_sentence_2": "Two.",
                                    "input_sentence_3": "Three.", "input_sentence_4": "Four.",
                                    "sentence_quiz1": "Good end.", "sentence_quiz2": "Bad end.",
                                    "answer_right_ending": 1})"),
          "en.jsonl:1"};
}

TEST(XStoryCloze, AllSpellingsGiveTheSameItem) {
  const Item plain = task_named("xstorycloze").item(plain_line(), "en");
  for (const JsonLine& line : {official_line(), hub_line()}) {
    const Item other = task_named("xstorycloze").item(line, "en");
    EXPECT_EQ(plain.id, other.id);
    EXPECT_EQ(plain.gold, other.gold);
    EXPECT_EQ(plain.context, other.context);
    EXPECT_EQ(plain.options, other.options);
    EXPECT_EQ(plain.choices, other.choices);
    EXPECT_EQ(plain.fields, other.fields) << "so that a template serves all";
  }
}

TEST(XStoryCloze, RefusesSpellingsThatContradictEachOther) {
  const auto error = [](const char* field, const nlohmann::json& value) {
    JsonLine line = hub_line();
    line.value[field] = value;
    return error_of([&] { task_named("xstorycloze").item(line, "en"); });
  };
  EXPECT_EQ(error("AnswerRightEnding", 1), "");
  EXPECT_THAT(error("AnswerRightEnding", 2), HasSubstr("\"answer_right_ending\" and \"AnswerRightEnding\" differ"));
  EXPECT_THAT(error("InputSentence3", "Drei."), HasSubstr("\"input_sentence_3\" and \"InputSentence3\" differ"));
  EXPECT_EQ(error("context", "One. Two.  Three. Four."), "");
  EXPECT_THAT(error("context", "One. Two."), HasSubstr("\"context\" is not the four sentences"));
}

TEST(XStoryCloze, ReadsTheOfficialTsvUnderItsNameOrThatOfTheLanguage) {
  const std::string tsv =
      "InputStoryid\tInputSentence1\tInputSentence2\tInputSentence3\tInputSentence4\tRandomFifthSentenceQuiz1\t"
      "RandomFifthSentenceQuiz2\tAnswerRightEnding\ns1\tOne.\tTwo.\tThree.\tFour.\tGood end.\tBad end.\t1\n";
  const auto context = [&](const char* name, const std::string& split) {
    const test::TempFolder folder;
    folder.write(name, tsv);
    return read_items(task_named("xstorycloze"), folder.path(), "ar", split).at(0).context;
  };
  EXPECT_EQ(context("ar.tsv", ""), "One. Two. Three. Four.");
  EXPECT_EQ(context("spring2016.val.ar.tsv.split_20_80_eval.tsv", ""), "One. Two. Three. Four.");
  EXPECT_EQ(context("spring2016.val.ar.tsv.split_20_80_eval.tsv", "eval"), "One. Two. Three. Four.");
  EXPECT_EQ(context("spring2016.val.ar.tsv.split_20_80_train.tsv", "train"), "One. Two. Three. Four.");
  EXPECT_THAT(error_of([&] { context("ar.tsv", "val"); }), HasSubstr("xstorycloze has no split \"val\""));
  EXPECT_THAT(error_of([&] { context("en.tsv", ""); }),
              HasSubstr("ar.jsonl: no such file, nor ar.tsv, spring2016.val.ar.tsv.split_20_80_eval.tsv; "));
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
