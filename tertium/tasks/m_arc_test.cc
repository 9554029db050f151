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
  JsonLine line{{{"id", "Own_1"},
                 {"instruction", "What melts in the sun? [picture]"},
                 {"option_a", "Ice"},
                 {"option_b", " Stone"},
                 {"option_c", "Wood"},
                 {"option_d", nullptr},
                 {"option_e", nullptr},
                 {"answer", "A"}},
                "en.jsonl:1"};
  line.value.update(changes);
  return line;
}

std::string error_with(const nlohmann::json& changes) {
  return error_of([&] { task_named("m_arc").item(line_of(changes), "en"); });
}

TEST(MArc, AsksForTheAnswerInWords) {
  const Item item = task_named("m_arc").item(line_of(), "en");
  EXPECT_EQ(item.id, "Own_1");
  EXPECT_EQ(item.gold, 0u);
  EXPECT_EQ(item.context, "Question: What melts in the sun? \nAnswer:");
  EXPECT_THAT(item.options, ElementsAre(" Ice", " Stone", " Wood"));
  EXPECT_EQ(item.context_marks.question, 32u);
  EXPECT_EQ(item.statement_context + item.statement_options[0], "What melts in the sun?  Ice");
}

TEST(MArc, TakesUpToFiveOptions) {
  const Item item =
      task_named("m_arc").item(line_of({{"option_d", "Air"}, {"option_e", "Sand"}, {"answer", "E"}}), "en");
  EXPECT_EQ(item.options.size(), 5u);
  EXPECT_EQ(item.gold, 4u);
  EXPECT_THAT(error_with({{"answer", "D"}}), HasSubstr("field \"answer\" is \"D\"; expected a letter from A to C"));
  EXPECT_THAT(error_with({{"option_b", ""}, {"option_c", nullptr}}), HasSubstr("an instruction and two options"));
  EXPECT_THAT(error_with({{"option_b", "[b]"}}), HasSubstr("an option holds no words but in brackets"));
}

}  // namespace
}  // namespace tertium
