#include "tertium/tasks/item_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;
using testing::ElementsAre;

std::vector<Item> items(int count) {
  std::vector<Item> items;
  for (int i = 0; i < count; ++i) items.push_back({.id = std::to_string(i)});
  return items;
}

std::vector<std::string> ids_of(const ItemChoice& choice, int count) {
  std::vector<std::string> ids;
  for (const Item& item : chosen(choice, items(count), "it.jsonl")) ids.push_back(item.id);
  return ids;
}

TEST(ItemChoice, IsAllOfTheFileUnlessLimited) {
  EXPECT_EQ(ids_of({}, 5).size(), 5u);
  EXPECT_THAT(ids_of({.limit = 2}, 5), ElementsAre("0", "1"));
  EXPECT_EQ(ids_of({.limit = 9}, 5).size(), 5u);
}

TEST(ItemChoice, PassesOverTheOffsetBeforeItCounts) {
  EXPECT_THAT(ids_of({.offset = 3, .limit = 1}, 5), ElementsAre("3"));
  EXPECT_THAT(ids_of({.offset = 3}, 5), ElementsAre("3", "4"));
  EXPECT_EQ(error_of([] { chosen({.offset = 5}, items(5), "it.jsonl"); }),
            "it.jsonl: holds 5 items, of which task.offset = 5 passes over all; make it smaller");
}

TEST(ItemChoice, TakesAShareOfTheWholeFileRoundedUp) {
  EXPECT_EQ(ids_of({.share = 0.1}, 30).size(), 3u) << "not 4, though 0.1 * 30 is a bit more than 3";
  EXPECT_EQ(ids_of({.share = 0.1}, 31).size(), 4u);
  EXPECT_EQ(ids_of({.share = 0.001}, 5).size(), 1u);
  EXPECT_THAT(ids_of({.offset = 1, .share = 0.5}, 4), ElementsAre("1", "2"));
}

TEST(ItemChoice, OfIdsKeepsTheOrderOfTheFileAndNamesOneThatIsNotThere) {
  EXPECT_THAT(ids_of({.ids = {"4", "0"}}, 5), ElementsAre("0", "4"));
  EXPECT_EQ(error_of([] { chosen({.ids = {"4", "7"}}, items(5), "it.jsonl"); }),
            "it.jsonl: has no item \"7\", which task.ids names; check the id and the split");
}

}  // namespace
}  // namespace tertium
