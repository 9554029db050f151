#include "tertium/tasks/marks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tertium {
namespace {

using testing::ElementsAre;
using testing::Optional;

TEST(EndOfWords, IsBeforeTheWhiteSpaceAtTheEnd) {
  EXPECT_THAT(end_of_words(" a b \n"), Optional(4u));
  EXPECT_THAT(end_of_words("水。\u3000"), Optional(6u)) << "in bytes; an ideographic space is white";
  EXPECT_EQ(end_of_words(" \n"), std::nullopt);
}

TEST(Append, MovesMarksAndKeepsTheLaterOfTwo) {
  MarkedText text{"abc", {.premise = 2, .question = 3}};
  append(text, {"de", {.premise = 1, .options = {0, 2}}});
  append(text, marked_option("x ", 0));
  EXPECT_EQ(text.text, "abcdex ");
  EXPECT_THAT(text.marks.premise, Optional(4u));
  EXPECT_THAT(text.marks.question, Optional(3u));
  EXPECT_THAT(text.marks.options, ElementsAre(6u, 5u));
}

TEST(MarksWithin, FollowTheTextIntoALongerOne) {
  const MarkedText text{" ab: ", {.premise = 2, .colon = 4, .prompt = 5, .options = {3, 0}}};
  const TextMarks whole = marks_within("<u> ab: </u>", text);
  EXPECT_THAT(whole.premise, Optional(5u));
  EXPECT_THAT(whole.prompt, Optional(8u));
  EXPECT_THAT(whole.options, ElementsAre(6u, 0u));
  const TextMarks trimmed = marks_within("<u>ab:</u>", text);
  EXPECT_THAT(trimmed.premise, Optional(4u));
  EXPECT_THAT(trimmed.colon, Optional(6u));
  EXPECT_THAT(trimmed.prompt, Optional(6u)) << "the space that was trimmed has no end of its own";
}

TEST(MarksWithin, FindTheLastOfTwoAndNoneInATextThatWasRewritten) {
  const MarkedText text{"ab", {.premise = 1}};
  EXPECT_THAT(marks_within("ab ab ", text).premise, Optional(4u));
  EXPECT_EQ(marks_within("a b", text), TextMarks{});
}

}  // namespace
}  // namespace tertium
