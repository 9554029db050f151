#include "tertium/analysis/agreement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tertium/store/store.h"

namespace tertium {
namespace {

/// An item of two options, gold the first, answered `answers[i]` in order i.
void add(std::vector<ScoreRow>& rows, const std::string& item, const std::vector<int>& answers) {
  const std::vector<std::string> orders = {"01", "10"};
  for (std::size_t i = 0; i < answers.size(); ++i)
    for (int option = 0; option < 2; ++option)
      rows.push_back(
          {"xcopa", "it", item, "letters:AB:" + orders[i], option, option == answers[i] ? 1.0 : 0.0, 1, option == 0});
}

TEST(Agreement, IsTheShareOfItemsWithOneAnswerInAllOrders) {
  std::vector<ScoreRow> rows;
  add(rows, "steady", {0, 0});
  add(rows, "steadily wrong", {1, 1});
  add(rows, "points at the first letter", {0, 1});
  add(rows, "points at the second", {1, 0});
  const std::vector<Agreement> found = agreements(rows);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].protocol, "letters:AB");
  EXPECT_EQ(found[0].agreeing.hits, 2u);
  EXPECT_EQ(found[0].always_right.hits, 1u);
  EXPECT_EQ(found[0].agreeing.n, 4u);
  ASSERT_EQ(found[0].accuracy.size(), 2u);
  EXPECT_EQ(found[0].accuracy[1].first, "10");
  EXPECT_DOUBLE_EQ(found[0].accuracy[1].second.value, 0.5);
  EXPECT_DOUBLE_EQ(found[0].mean, 0.5);
}

TEST(Agreement, NeedsTwoOrders) {
  std::vector<ScoreRow> rows;
  add(rows, "a", {0});
  for (const char* protocol : {"loglik", "letters", "letters:1234", "letters:QZ"})
    rows.push_back({"xcopa", "it", "b", protocol, 0, 1.0, 1, true});
  EXPECT_TRUE(agreements(rows).empty());
}

}  // namespace
}  // namespace tertium
