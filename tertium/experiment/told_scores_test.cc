#include "tertium/experiment/told_scores.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tertium/experiment/run.h"
#include "tertium/experiment/units.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ToldScores : public testing::Test {
 protected:
  ToldScores() {
    language.questions.resize(4);
    for (Question& question : language.questions) question.options.resize(2);
  }
  std::string refusal(const std::string& told) {
    return test::error_of([&] { TellScores(language).read(work, told); });
  }

  PreparedLanguage language{.language = "it"};
  const Work work{.first = 1, .count = 2};
};

TEST_F(ToldScores, AreReadAsTheyWereAndThoseOfAFailedItemAreNone) {
  TellScores teller(language);
  teller.keep(2, {-1.25, 1e-300});
  const std::string told = teller.take(work);
  EXPECT_THAT(TellScores(language).read(work, told), ElementsAre(IsEmpty(), ElementsAre(-1.25, 1e-300)));
  EXPECT_THAT(teller.take(work), "--") << "they are told once";
}

TEST_F(ToldScores, OfOtherItemsAreRefused) {
  TellScores teller(language);
  teller.keep(1, {1, 2});
  teller.keep(2, {3, 4});
  const std::string told = teller.take(work);
  EXPECT_EQ(refusal(told), "");
  for (const std::string& wrong :
       {told + "-", told.substr(1), told.substr(0, told.size() - 1), std::string(), "x" + told})
    EXPECT_THAT(refusal(wrong), HasSubstr("it: another worker tells scores of other items"));
  teller.keep(1, {1, std::numeric_limits<double>::quiet_NaN()});
  EXPECT_THAT(refusal(teller.take({.first = 1, .count = 1}) + "-"), HasSubstr("other items"));
}

}  // namespace
}  // namespace tertium
