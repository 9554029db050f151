#include "tertium/tasks/shots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;

std::vector<Item> items(const std::vector<std::string>& ids) {
  std::vector<Item> items;
  for (const std::string& id : ids) items.push_back({.id = id, .statement_context = "about " + id});
  return items;
}

std::vector<std::vector<std::size_t>> choose(const ShotsSpec& spec, const std::vector<Item>& pool,
                                             const std::vector<Item>& asked, bool same_file) {
  return choose_shots(spec, {{pool, asked}}, same_file, "it.jsonl");
}

const std::vector<std::string> kPool = {"a", "b", "c", "d", "e"};

TEST(Shots, AreTheFirstButNeverTheItemItself) {
  const auto chosen = choose({.count = 2}, items(kPool), items({"a", "b", "c", "e"}), true);
  EXPECT_THAT(chosen, ElementsAre(ElementsAre(1, 2), ElementsAre(0, 2), ElementsAre(0, 1), ElementsAre(0, 1)));
}

TEST(Shots, OfAnotherFileMayShareAnIdButNotTheText) {
  std::vector<Item> asked = items({"a", "x"});
  asked[0].statement_context = "something else";
  asked[1].statement_context = "about b";
  const auto chosen = choose({.count = 2}, items(kPool), asked, false);
  EXPECT_THAT(chosen, ElementsAre(ElementsAre(0, 1), ElementsAre(0, 2)));
}

TEST(Shots, AreNeverTheItemWithItsOptionsInAnotherOrderOrOtherWhiteSpace) {
  std::vector<Item> pool = items(kPool), asked = items({"x"});
  pool[0].choices = {"one", "two"};
  asked[0].statement_context = " about  a";
  asked[0].choices = {"two ", "one"};
  EXPECT_THAT(choose({.count = 2}, pool, asked, false), ElementsAre(ElementsAre(1, 2)));
}

TEST(Shots, AreNeverTheItemInAnyLanguage) {
  const std::vector<Item> pool = items(kPool), asked = items({"x"});
  std::vector<Item> other = asked;
  other[0].statement_context = "about b";
  EXPECT_THAT(choose_shots({.count = 2}, {{pool, asked}, {pool, other}}, false, "it.jsonl"),
              ElementsAre(ElementsAre(0, 2)));
}

TEST(Shots, SeededOrderIsOneForAllItemsAndOtherByAnotherSeed) {
  const auto chosen = [](std::uint64_t seed, const std::string& id) {
    return choose({.count = 4, .seed = seed}, items(kPool), items({id}), true).front();
  };
  EXPECT_EQ(chosen(1, "x"), chosen(1, "y"));
  EXPECT_THAT(chosen(1, "c"), Not(Contains(2u)));
  bool differ = false;
  for (std::uint64_t seed = 2; seed < 6; ++seed) differ |= chosen(seed, "x") != chosen(1, "x");
  EXPECT_TRUE(differ);
}

/// Twelve items, each with a field of its own.
std::vector<Item> twelve() {
  std::vector<Item> items;
  for (const char* id : {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"})
    items.push_back({.id = id, .fields = {{"text", id}}});
  return items;
}

// Random(1234).sample(range(12), n) of CPython 3.11, one stream over the items.
TEST(Shots, OfLmEvalAreDrawnFromOneStreamOverTheItems) {
  const std::vector<Item> pool = twelve(), asked = items({"x", "y", "z"});
  EXPECT_THAT(choose({.count = 2, .lm_eval = LmEvalShots::drawn}, pool, asked, false),
              ElementsAre(ElementsAre(7, 1), ElementsAre(0, 1), ElementsAre(9, 0)));
  EXPECT_THAT(choose({.count = 2, .lm_eval = LmEvalShots::drawn_besides}, pool, asked, false),
              ElementsAre(ElementsAre(7, 1), ElementsAre(1, 9), ElementsAre(10, 1)))
      << "one more is drawn, and the last one is left";
}

TEST(Shots, OfLmEvalLeaveTheItemOutWhereItIsInThePool) {
  const std::vector<Item> pool = twelve();
  const std::vector<Item> asked(pool.begin() + 7, pool.begin() + 7 + 1);
  EXPECT_THAT(choose({.count = 2, .lm_eval = LmEvalShots::drawn}, pool, asked, true), ElementsAre(ElementsAre(1, 0)));
  EXPECT_THAT(choose({.count = 2, .lm_eval = LmEvalShots::drawn_blindly}, pool, asked, true),
              ElementsAre(ElementsAre(7, 1)));
  EXPECT_THAT(choose({.count = 2, .lm_eval = LmEvalShots::first}, pool, {pool[1]}, true),
              ElementsAre(ElementsAre(0, 2)));
}

TEST(Shots, OfLmEvalAreDrawnAgainWhereThePoolHoldsTheItemTwice) {
  std::vector<Item> pool = twelve();
  const std::vector<Item> asked = {pool[7]};
  for (const std::size_t same : {1, 0}) pool[same] = asked[0];
  EXPECT_THAT(choose({.count = 2, .lm_eval = LmEvalShots::drawn_besides}, pool, asked, true),
              ElementsAre(ElementsAre(3, 2)));
}

TEST(Shots, OfLmEvalNeedAPoolThatIsLargeEnough) {
  EXPECT_EQ(
      error_of([] { choose({.count = 12, .lm_eval = LmEvalShots::drawn}, twelve(), twelve(), true); }),
      "it.jsonl: holds 11 examples for item \"a\" besides itself, but shots = 12; ask for fewer, or name a larger "
      "split");
}

TEST(Shots, TooSmallAPoolIsRefused) {
  EXPECT_EQ(error_of([] { choose({.count = 5}, items(kPool), items({"a"}), true); }),
            "it.jsonl: holds 4 examples for item \"a\" besides itself, but shots = 5; ask for fewer, or name a larger "
            "split");
}

}  // namespace
}  // namespace tertium
