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
  for (const std::string& id : ids) items.push_back({.id = id, .context = "about " + id});
  return items;
}

const std::vector<std::string> kPool = {"a", "b", "c", "d", "e"};

TEST(Shots, AreTheFirstButNeverTheItemItself) {
  const auto chosen = choose_shots({.count = 2}, items(kPool), items({"a", "b", "c", "e"}), true, "it.jsonl");
  EXPECT_THAT(chosen, ElementsAre(ElementsAre(1, 2), ElementsAre(0, 2), ElementsAre(0, 1), ElementsAre(0, 1)));
}

TEST(Shots, OfAnotherFileMayShareAnIdButNotTheText) {
  std::vector<Item> asked = items({"a", "x"});
  asked[0].context = "something else";
  asked[1].context = "about b";
  const auto chosen = choose_shots({.count = 2}, items(kPool), asked, false, "train.it.jsonl");
  EXPECT_THAT(chosen, ElementsAre(ElementsAre(0, 1), ElementsAre(0, 2)));
}

TEST(Shots, SeededOrderIsOneForAllItemsAndOtherByAnotherSeed) {
  const auto chosen = [](std::uint64_t seed, const std::string& id) {
    return choose_shots({.count = 4, .seed = seed}, items(kPool), items({id}), true, "it.jsonl").front();
  };
  EXPECT_EQ(chosen(1, "x"), chosen(1, "y"));
  EXPECT_THAT(chosen(1, "c"), Not(Contains(2u)));
  bool differ = false;
  for (std::uint64_t seed = 2; seed < 6; ++seed) differ |= chosen(seed, "x") != chosen(1, "x");
  EXPECT_TRUE(differ);
}

TEST(Shots, TooSmallAPoolIsRefused) {
  EXPECT_EQ(error_of([] { choose_shots({.count = 5}, items(kPool), items({"a"}), true, "it.jsonl"); }),
            "it.jsonl: holds 4 examples for item \"a\" besides itself, but shots = 5; ask for fewer, or name a larger "
            "split");
}

}  // namespace
}  // namespace tertium
