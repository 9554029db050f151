#include "tertium/analysis/warnings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tertium {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Warnings, TellWhatARunNotedOfItsItemsAKindEach) {
  const std::vector<Warning> found = warnings({{"pivot", "en"},
                                               {"identical_options xcopa loglik it", "[\"3\",\"5\"]"},
                                               {"joints_swallowed xcopa loglik zh", "7"},
                                               {"identical_options xcopa loglik en", "[\"3\"]"},
                                               {"ties xcopa loglik it dali", "0"}});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_THAT(found[0].text, HasSubstr("two options of one text"));
  EXPECT_THAT(found[0].where, ElementsAre("xcopa loglik: it 2, en 1"));
  EXPECT_THAT(found[1].where, ElementsAre("xcopa loglik zh: 7"));
}

TEST(Warnings, OfLanguagesStandTogetherAndOtherPlacesApart) {
  const std::vector<Warning> found = warnings({{"ties xcopa loglik it dali", "4"},
                                               {"ties xcopa loglik it mexat", "6"},
                                               {"ties xcopa loglik zh dali", "5"},
                                               {"lacking items letters it colon", "1"},
                                               {"lacking items letters it last", "2"}});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_THAT(found[0].where, ElementsAre("items letters it colon: 1", "items letters it last: 2"));
  EXPECT_THAT(found[1].where, ElementsAre("xcopa loglik dali: it 4, zh 5", "xcopa loglik it mexat: 6"));
}

TEST(Warnings, AreNoneOfARunThatNotedNothing) {
  EXPECT_THAT(warnings({{"pivot", "en"}, {"leftover", "1"}, {"ties x", "0"}}), IsEmpty());
}

TEST(Warnings, ArePrintableWhateverTheFileSays) {
  const std::vector<Warning> found = warnings({{"truncated x\n\x1b[2J", "\x1b[31m"}});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].where[0].find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace tertium
