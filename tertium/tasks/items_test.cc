#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tertium/base/text.h"
#include "tertium/tasks/json_lines.h"
#include "tertium/tasks/task.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;
using test::TempFolder;
using testing::ElementsAre;
using testing::HasSubstr;

JsonLine line_of(const nlohmann::json& changes = nlohmann::json::object()) {
  JsonLine line{
      nlohmann::json::parse(R"({"id": "q1", "context": "The sky is", "options": [" blue.", " green.", " loud."],
                                          "gold": 0, "hint": "look up"})"),
      "en.jsonl:1"};
  line.value.update(changes);
  return line;
}

std::string error_with(const nlohmann::json& changes) {
  return error_of([&] { task_named("items").item(line_of(changes), "en"); });
}

TEST(OwnFormat, TakesTextsAsGiven) {
  const Item item = task_named("items").item(line_of({{"category", "colour"}}), "en");
  EXPECT_EQ(item.id, "q1");
  EXPECT_EQ(item.category, "colour");
  EXPECT_EQ(item.gold, 0u);
  EXPECT_EQ(item.context, "The sky is");
  EXPECT_THAT(item.options, ElementsAre(" blue.", " green.", " loud."));
  EXPECT_EQ(item.statement_context, item.context);
  EXPECT_EQ(item.statement_options, item.options);
  EXPECT_EQ(item.premise, item.context);
  EXPECT_THAT(item.choices, ElementsAre("blue.", "green.", "loud.")) << "a list of options needs no joining space";
}

TEST(OwnFormat, TakesAnIdAsTextOrNumber) {
  EXPECT_EQ(task_named("items").item(line_of({{"id", 5}}), "en").id, "5");
  EXPECT_EQ(task_named("items").item(line_of({{"id", "5"}}), "en").id, "5");
  EXPECT_THAT(error_with({{"id", -5}}), HasSubstr("field \"id\" is -5"));
  EXPECT_THAT(error_with({{"id", 1.5}}), HasSubstr("field \"id\" is 1.5; expected text"));
}

TEST(OwnFormat, NeedsTwoOptionsThatAreTexts) {
  EXPECT_THAT(error_with({{"options", {" blue."}}}), HasSubstr("\"options\" must list at least two texts"));
  EXPECT_THAT(error_with({{"options", " blue."}}), HasSubstr("\"options\" must list at least two texts"));
  EXPECT_THAT(error_with({{"options", {" blue.", 3}}}), HasSubstr("option 1 (0-based) is empty or no text"));
  EXPECT_THAT(error_with({{"options", {" ", " blue."}}}), HasSubstr("option 0 (0-based) is empty or no text"));
}

TEST(OwnFormat, NeedsAGoldAmongItsOptions) {
  EXPECT_THAT(error_with({{"gold", 3}}), HasSubstr("field \"gold\" is 3; expected a whole number from 0 to 2"));
  EXPECT_THAT(error_with({{"gold", nullptr}}), HasSubstr("field \"gold\" is null; expected a whole number"));
}

TEST(OwnFormat, ReadsTheExampleOfItsPage) {
  const TempFolder folder;
  std::istringstream page(read_text_file(std::filesystem::path(TERTIUM_SOURCE_DIR) / "docs" / "items.md"));
  std::string example;
  for (std::string line; std::getline(page, line);)
    if (line.starts_with("{\"")) example += line + "\n";
  folder.write("en.jsonl", example);
  EXPECT_GE(read_items(task_named("items"), folder.path(), "en", "").size(), 2u);
}

}  // namespace
}  // namespace tertium
