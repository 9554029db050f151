#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tertium/tasks/json_lines.h"
#include "tertium/tasks/okapi_text.h"
#include "tertium/tasks/task.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;
using testing::ElementsAre;
using testing::HasSubstr;

JsonLine line_of(const nlohmann::json& changes = nlohmann::json::object()) {
  JsonLine line{{{"ind", 24},
                 {"activity_label", "Baking bread"},
                 {"ctx_a", "[header] How to bake [title] Mix the flour."},
                 {"ctx_b", "then the Baker"},
                 {"endings", {"kneads it.", " sleeps.", "[step] reads  a book.", "sings"}},
                 {"label", "0"}},
                "en.jsonl:1"};
  line.value.update(changes);
  return line;
}

std::string error_with(const nlohmann::json& changes) {
  return error_of([&] { task_named("m_hellaswag").item(line_of(changes), "en"); });
}

TEST(MHellaswag, JoinsAndCleansItsParts) {
  const Item item = task_named("m_hellaswag").item(line_of(), "en");
  EXPECT_EQ(item.id, "24");
  EXPECT_EQ(item.category, "Baking bread");
  EXPECT_EQ(item.gold, 0u);
  EXPECT_EQ(item.context, "Baking bread: How to bake. Mix the flour. Then the baker");
  EXPECT_THAT(item.options, ElementsAre(" kneads it.", " sleeps.", "  reads a book.", " sings"));
  EXPECT_EQ(item.statement_context, item.context);
  EXPECT_EQ(item.statement_options, item.options);
}

TEST(MHellaswag, RefusesWhatHasNoWords) {
  EXPECT_THAT(error_with({{"endings", {"a", "[step]"}}}), HasSubstr("\"endings\" holds no words but in brackets"));
  EXPECT_THAT(error_with({{"endings", {"a"}}}), HasSubstr("\"endings\" must list at least two texts"));
  EXPECT_THAT(error_with({{"endings", {"a", 2}}}), HasSubstr("ending 1 (0-based) is no text"));
  EXPECT_THAT(error_with({{"label", "4"}}), HasSubstr("\"label\" is \"4\"; expected a whole number from 0 to 3"));
}

// What lm-evaluation-harness 0.4.13 makes of these.
TEST(OkapiText, IsCleanedAsPublishedEvaluationsDo) {
  EXPECT_EQ(cleaned("  a [title] b "), "a. b");
  EXPECT_EQ(cleaned("a [x] b"), "a b");
  EXPECT_EQ(cleaned("a [x [y] z] b"), "a z] b") << "up to the first that closes";
  EXPECT_EQ(cleaned("a [x\ny] b"), "a [x\ny] b") << "brackets over a line end stay";
  EXPECT_EQ(cleaned("a [x\n[y] b"), "a [x\n b");
  EXPECT_EQ(cleaned("a     b"), "a   b") << "each pair becomes one";
}

}  // namespace
}  // namespace tertium
