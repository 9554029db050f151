#include "tertium/analysis/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;
using testing::HasSubstr;

ScoreRow row(const std::string& language, const std::string& item, int option, double score, bool is_gold) {
  return {"xcopa", language, item, "loglik", option, score, 2, is_gold};
}

TEST(Answers, AreKeptByTaskProtocolAndLanguageInTheOrderStored) {
  std::vector<ScoreRow> rows;
  for (const std::string language : {"it", "en"})
    for (const std::string item : {"b", "a"})
      for (const int option : {0, 1})
        rows.push_back(row(language, item, option, -option, option == (language == "it")));
  const std::vector<LanguageAnswers> all = answers_of(rows);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].language + all[1].language, "iten");
  EXPECT_FALSE(all[0].answers.at("a").right());
  EXPECT_TRUE(all[1].answers.at("b").right());
  EXPECT_EQ(all[0].answers.at("a").margin(), -1);
  EXPECT_EQ(find_answers(all, "xcopa", "loglik", "en"), &all[1].answers);
  EXPECT_EQ(find_answers(all, "xcopa", "letters", "en"), nullptr);
}

TEST(Answers, WithoutOneRightOptionAreNamed) {
  EXPECT_THAT(error_of([] {
                answers_of({row("it", "5", 0, 1, false), row("it", "5", 1, 1, false)});
              }),
              HasSubstr("scores: no option of item \"5\" (xcopa loglik it) is the right one"));
  EXPECT_THAT(error_of([] {
                answers_of({row("it", "5", 0, 1, true), row("it", "5", 1, 1, true)});
              }),
              HasSubstr("scores: two options of item \"5\" (xcopa it) are the right one"));
}

TEST(Answers, WithOptionsOutOfPlaceAreNamed) {
  EXPECT_THAT(error_of([] { answers_of({row("it", "5", 1, 1, true)}); }),
              HasSubstr("scores: option 1 of item \"5\" stands where option 0 belongs"));
  const int most = std::numeric_limits<int>::max();
  EXPECT_THAT(error_of([&] {
                answers_of({row("it", "5", 0, 1, true), row("it", "5", most, 1, false)});
              }),
              HasSubstr("option 2147483647 of item \"5\" stands where option 1 belongs"));
}

}  // namespace
}  // namespace tertium
