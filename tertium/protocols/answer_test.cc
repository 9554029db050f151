#include "tertium/protocols/answer.h"

#include <gtest/gtest.h>

#include <limits>

namespace tertium {
namespace {

TEST(BestOption, IsTheFirstOnTies) {
  EXPECT_EQ(best_option({-3, -1, -2}), 1u);
  EXPECT_EQ(best_option({-1, -1}), 0u);
  EXPECT_EQ(best_option({-2, -1, -1}), 1u);
}

TEST(Margin, IsGoldLessTheBestOther) {
  EXPECT_EQ(margin({-3, -1, -2}, 1), 1);
  EXPECT_EQ(margin({-3, -1, -2}, 0), -2);
  EXPECT_EQ(margin({-1, -1}, 1), 0);
  EXPECT_EQ(margin({-1}, 0), std::numeric_limits<double>::infinity());
}

TEST(LengthOf, CountsAnOptionWithoutTheSpaceThatJoinsIt) {
  EXPECT_EQ(length_of(" été").characters, 3);
  EXPECT_EQ(length_of(" été").bytes, 5);
  EXPECT_EQ(length_of("  a ").characters, 3) << "one space joins, the others are its own";
  EXPECT_EQ(length_of("").characters, 1);
}

TEST(Answer, IsTheOptionThatItsRuleTakes) {
  // By the sum the first, by character the second, by byte the third.
  Answer answer{.scores = {-2, -3, -4}, .gold = 0, .lengths = {{1, 1}, {3, 3}, {3, 6}}};
  EXPECT_EQ(answer.chosen(), 0u);
  EXPECT_DOUBLE_EQ(answer.margin(), 1);
  answer.rule = ScoreRule::per_character;
  EXPECT_EQ(answer.chosen(), 1u);
  EXPECT_DOUBLE_EQ(answer.margin(), -1);
  answer.rule = ScoreRule::per_byte;
  EXPECT_EQ(answer.chosen(), 2u);
  EXPECT_FALSE(answer.right());
  EXPECT_TRUE(answer.right_by(ScoreRule::sum));
  EXPECT_EQ(answer.compared({-2, -3, -12}), (std::vector<double>{-2, -1, -2})) << "a patched run's";
}

TEST(ProtocolName, SaysTheRule) {
  for (const auto& [name, rule] : {std::pair("loglik", ScoreRule::sum),
                                   {"loglik:norm", ScoreRule::per_character},
                                   {"loglik:bytes", ScoreRule::per_byte}}) {
    EXPECT_EQ(protocol_named(name), Protocol::loglik);
    EXPECT_EQ(score_rule_of(name), rule);
    EXPECT_EQ(protocol_name(Protocol::loglik, rule), name);
  }
  EXPECT_EQ(score_rule_of("letters:QZRX:10"), ScoreRule::sum);
}

}  // namespace
}  // namespace tertium
