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

JsonLine line_of(const nlohmann::json& changes = nlohmann::json::object()) {
  JsonLine line{{{"premise", "The cat sleeps."}, {"hypothesis", "It is awake."}, {"label", 2}}, "en.jsonl:5", 4};
  line.value.update(changes);
  return line;
}

TEST(Xnli, PutsWhatTheAnswersShareIntoTheContext) {
  const Item item = task_named("xnli").item(line_of(), "en");
  EXPECT_EQ(item.id, "4") << "the number of its row";
  EXPECT_EQ(item.gold, 2u);
  EXPECT_EQ(item.context, " The cat sleeps., right?");
  EXPECT_EQ(item.context_marks.premise, 16u);
  EXPECT_THAT(item.options, ElementsAre(" Yes, It is awake.", " Also, It is awake.", " No, It is awake."));
  EXPECT_EQ(item.statement_context, item.context);
  EXPECT_EQ(item.statement_options, item.options);
  EXPECT_EQ(item.premise, "The cat sleeps.");
  EXPECT_THAT(item.choices, ElementsAre("Yes", "Also", "No"));
}

TEST(Xnli, HasTheWordsOfItsLanguage) {
  EXPECT_EQ(task_named("xnli").item(line_of(), "es").options[1], " Asi que, It is awake.");
  EXPECT_EQ(task_named("xnli").item(line_of(), "zh").context, " The cat sleeps., 正确?");
  EXPECT_THAT(
      error_of([] { task_named("xnli").item(line_of(), "it"); }),
      HasSubstr("en.jsonl:5: xnli has no words for \"right\" and \"yes\" in language \"it\", only in ar, bg, de"));
}

TEST(Xnli, TakesLabelsAsNumbersAndAsWords) {
  EXPECT_EQ(task_named("xnli").item(line_of({{"label", "neutral"}}), "en").gold, 1u);
  EXPECT_EQ(task_named("xnli").item(line_of({{"label", "0"}}), "en").gold, 0u);
  EXPECT_THAT(error_of([] {
                task_named("xnli").item(line_of({{"label", -1}}), "en");
              }),
              HasSubstr("field \"label\" is -1; expected a whole number from 0 to 2"));
}

TEST(Xnli, ReadsTheHubsColumnsInAnyForm) {
  const test::TempFolder folder;
  folder.write("en.jsonl", R"({"premise": "A.", "hypothesis": "B.", "label": 1})");
  folder.write("fr.csv", "premise,hypothesis,label\n\"A, a.\",B.,1\n");
  folder.write("de.tsv", "premise\thypothesis\tlabel\nA.\tB.\tneutral\n");
  const Task& task = task_named("xnli");
  const std::vector<Item> pivot = read_items(task, folder.path(), "en", "");
  EXPECT_EQ(parallel_to(pivot, read_items(task, folder.path(), "fr", "")).at(0).context, " A, a., correct?");
  EXPECT_EQ(parallel_to(pivot, read_items(task, folder.path(), "de", "")).at(0).context, " A., richtig?");
}

}  // namespace
}  // namespace tertium
