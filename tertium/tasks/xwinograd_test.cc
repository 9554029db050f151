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
  JsonLine line{{{"sentence", "The cup fell off the shelf because _ was loose. "},
                 {"option1", "The cup"},
                 {"option2", "the shelf"},
                 {"answer", "2"}},
                "en.jsonl:1"};
  line.value.update(changes);
  return line;
}

std::string error_with(const nlohmann::json& changes) {
  return error_of([&] { task_named("xwinograd").item(line_of(changes), "en"); });
}

TEST(Xwinograd, ScoresWhatIsBehindTheBlank) {
  const Item item = task_named("xwinograd").item(line_of(), "en");
  EXPECT_EQ(item.id, "0");
  EXPECT_EQ(item.gold, 1u);
  EXPECT_EQ(item.context, "The cup fell off the shelf because ");
  EXPECT_THAT(item.options, ElementsAre("The cup was loose.", "the shelf was loose."));
  EXPECT_THAT(item.scored_from, ElementsAre(7, 9));
  EXPECT_EQ(item.options[1].substr(item.scored_from[1]), " was loose.");
  EXPECT_EQ(item.statement_context + item.statement_options[1],
            "The cup fell off the shelf because the shelf was loose.");
  EXPECT_EQ(item.premise, "The cup fell off the shelf because _ was loose. ");
  EXPECT_THAT(item.choices, ElementsAre("The cup", "the shelf"));
}

TEST(Xwinograd, RefusesASentenceWithoutABlankOrWordsBehindIt) {
  EXPECT_THAT(error_with({{"sentence", "No blank."}}), HasSubstr("en.jsonl:1: field \"sentence\" has no blank"));
  EXPECT_THAT(error_with({{"sentence", "It is _ "}}), HasSubstr("has nothing behind its blank to be scored"));
  EXPECT_THAT(error_with({{"answer", 3}}), HasSubstr("field \"answer\" is 3; expected a whole number from 1 to 2"));
}

}  // namespace
}  // namespace tertium
