#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tertium/tasks/json_lines.h"
#include "tertium/tasks/task.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;
using testing::ElementsAre;
using testing::HasSubstr;

const Task& task() { return task_named("global_mmlu"); }

JsonLine line_of(const nlohmann::json& changes = nlohmann::json::object()) {
  JsonLine line{{{"sample_id", "counting/test/3"},
                 {"subject", "counting"},
                 {"question", " What is one and one? "},
                 {"option_a", "Zero"},
                 {"option_b", "One"},
                 {"option_c", "Two"},
                 {"option_d", "Three"},
                 {"answer", "C"}},
                "en.jsonl:1"};
  line.value.update(changes);
  return line;
}

TEST(GlobalMmlu, AsksForALetterAndAlignsTheAnswers) {
  const Item item = task().item(line_of(), "en");
  EXPECT_EQ(item.id, "counting/test/3");
  EXPECT_EQ(item.category, "counting");
  EXPECT_EQ(item.gold, 2u);
  EXPECT_EQ(item.context, "What is one and one?\nA. Zero\nB. One\nC. Two\nD. Three\nAnswer:");
  EXPECT_THAT(item.options, ElementsAre(" A", " B", " C", " D"));
  EXPECT_EQ(item.context_marks.question, 20u);
  EXPECT_EQ(item.context.substr(0, item.context_marks.options.at(1)), "What is one and one?\nA. Zero\nB. One");
  EXPECT_EQ(item.statement_context + item.statement_options[2], "What is one and one? Two");
  EXPECT_EQ(item.premise, "What is one and one?");
}

TEST(GlobalMmlu, RefusesAnAnswerThatIsNoLetterOfAnOption) {
  for (const char* answer : {"E", "c", "CC", "2"})
    EXPECT_THAT(error_of([&] {
                  task().item(line_of({{"answer", answer}}), "en");
                }),
                HasSubstr(std::string("field \"answer\" is \"") + answer + "\"; expected a letter from A to D"));
  EXPECT_THAT(error_of([] { task().item(line_of({{"option_b", ""}}), "en"); }), HasSubstr("\"option_b\" is empty"));
}

TEST(GlobalMmlu, ReadsMmmlusColumnsAndFiles) {
  const test::TempFolder folder;
  folder.write("mmlu_FR-FR.csv",
               ",Question,A,B,C,D,Answer,Subject\n"
               "7,\"Un et un,\nc'est ?\",Zéro,Un,Deux,Trois,C,counting_test.csv_fr-FR.csv\n");
  const Item item = read_items(task(), folder.path(), "FR-FR", "").at(0);
  EXPECT_EQ(item.id, "7");
  EXPECT_EQ(item.category, "counting");
  EXPECT_EQ(item.context, "Un et un,\nc'est ?\nA. Zéro\nB. Un\nC. Deux\nD. Trois\nAnswer:");
  EXPECT_EQ(item.gold, 2u);
}

TEST(GlobalMmlu, ReadsOkapisColumns) {
  JsonLine line = line_of({{"instruction", "How many?"}, {"id", "counting/test/9"}});
  line.value.erase("question");
  const Item item = task().item(line, "fr");
  EXPECT_EQ(item.id, "counting/test/9");
  EXPECT_EQ(item.premise, "How many?");
}

}  // namespace
}  // namespace tertium
