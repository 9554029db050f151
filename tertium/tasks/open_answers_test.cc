#include "tertium/tasks/open_answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace tertium {
namespace {

using testing::HasSubstr;

TEST(OpenAnswers, AreNormalized) {
  EXPECT_EQ(normalized_answer("  The  CAT, sat.\n"), "the cat sat");
  EXPECT_EQ(normalized_answer("STRASSE"), normalized_answer("Straße"));
  EXPECT_EQ(normalized_answer("１２"), "12");
  EXPECT_EQ(normalized_answer("¿?!"), "");
  EXPECT_EQ(normalized_answer("e-\u0301"), "é");  // what is normalized is so already
}

TEST(OpenAnswers, MatchWholeWithinOrByPattern) {
  const OpenQuestion question{"1", "", {"Rome", "Eternal City"}, "x:1"};
  EXPECT_TRUE(is_right("rome.", question, AnswerMatch::exact));
  EXPECT_FALSE(is_right("It is Rome.", question, AnswerMatch::exact));
  EXPECT_TRUE(is_right("It is the eternal city!", question, AnswerMatch::contains));
  EXPECT_FALSE(is_right("Romeo", question, AnswerMatch::contains)) << "ends within a word";
  EXPECT_FALSE(is_right("", question, AnswerMatch::contains));
  EXPECT_TRUE(is_right("答案是罗马。", {"1", "", {"罗马"}, "x:1"}, AnswerMatch::contains));
  const OpenQuestion patterns{"1", "", {"^\\d+ km$"}, "x:1"};
  EXPECT_TRUE(is_right("12 km", patterns, AnswerMatch::regex));
  EXPECT_FALSE(is_right("12 miles", patterns, AnswerMatch::regex));
  const OpenQuestion slow{"1", "", {"(a+)+b"}, "x:1"};
  EXPECT_THAT(test::error_of([&] { is_right(std::string(4000, 'a'), slow, AnswerMatch::regex); }),
              HasSubstr("x:1: the pattern \"(a+)+b\" takes too long"));
}

class OpenQuestions : public test::FolderTest {
 protected:
  std::string refused(std::string_view lines, AnswerMatch match = AnswerMatch::exact) {
    return test::error_of([&] { read_open_questions(temporary.write("q.jsonl", lines), match); });
  }
};

TEST_F(OpenQuestions, AreReadOrRefusedByLine) {
  const auto file = temporary.write("q.jsonl",
                                    "{\"id\": \"a\", \"prompt\": \"2+2=\", \"answers\": [\"4\", "
                                    "\"four\"]}\n{\"prompt\": \"x\", \"answers\": \"y\"}\n");
  const auto questions = read_open_questions(file, AnswerMatch::exact);
  ASSERT_EQ(questions.size(), 2u);
  EXPECT_THAT(questions[0].answers, testing::ElementsAre("4", "four"));
  EXPECT_EQ(questions[1].id, "1");
  EXPECT_THAT(refused("{\"prompt\": \"x\"}\n"), HasSubstr("q.jsonl:1: no field \"answers\""));
  EXPECT_THAT(refused("{\"prompt\": \"x\", \"answers\": []}\n"), HasSubstr("1 to 100"));
  EXPECT_THAT(refused("{\"prompt\": \"x\", \"answers\": [1]}\n"), HasSubstr("a list of texts"));
  EXPECT_THAT(refused("{\"prompt\": \"x\", \"answers\": \"!\"}\n"), HasSubstr("blank"));
  EXPECT_THAT(refused("{\"prompt\": \"x\", \"answers\": \"(\"}\n", AnswerMatch::regex),
              HasSubstr("no regular expression"));
  EXPECT_THAT(refused("{\"id\": \"1\", \"prompt\": \"x\", \"answers\": \"y\"}\n{\"id\": \"1\", \"prompt\": \"x\", "
                      "\"answers\": \"y\"}\n"),
              HasSubstr("twice"));
  EXPECT_THAT(refused(""), HasSubstr("holds no question"));
}

}  // namespace
}  // namespace tertium
