#include "tertium/tasks/item.h"

#include <gtest/gtest.h>

namespace tertium {
namespace {

Item item(std::vector<std::string> choices) {
  Item item{.statement_context = "The cat, because", .choices = std::move(choices)};
  for (const std::string& choice : item.choices) item.options.push_back(" " + choice);
  item.statement_options = item.options;
  return item;
}

TEST(IdenticalOptions, AreThoseThatReadAlikeOrAreScoredAlike) {
  EXPECT_TRUE(has_identical_options(item({"it slept", "it ran", "it  slept "})));
  EXPECT_TRUE(has_identical_options(item({"caf\u00e9", "cafe\u0301"})));
  EXPECT_FALSE(has_identical_options(item({"it slept", "it ran"})));
  EXPECT_FALSE(has_identical_options(item({"It slept", "it slept"}))) << "as read, case tells";
  Item lowered = item({"It slept", "it slept"});
  lowered.options = {" it slept", " it slept"};
  EXPECT_TRUE(has_identical_options(lowered)) << "XCOPA scores them in lower case";
}

TEST(Content, IsThatOfAnItemWithItsOptionsInAnotherOrder) {
  const Item asked = item({"it slept", "it ran"});
  Item other = item({"it  ran", "it slept"});
  other.statement_context = " The cat,\nbecause ";
  EXPECT_EQ(content_of(asked), content_of(other));
  other.statement_context = "The dog, because";
  EXPECT_NE(content_of(asked), content_of(other));
  EXPECT_NE(content_of(asked), content_of(item({"it slept", "it sat"})));
  Item longer = asked;  // as XNLI's, whose choices are the same three words everywhere
  for (std::string& option : longer.statement_options) option += " on the mat";
  EXPECT_NE(content_of(asked), content_of(longer));
}

}  // namespace
}  // namespace tertium
