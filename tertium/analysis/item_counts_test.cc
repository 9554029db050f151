#include "tertium/analysis/item_counts.h"

#include <gtest/gtest.h>

namespace tertium {
namespace {

std::string told(const ItemCounts& items) {
  std::string text;
  for (const auto& [item, counts] : items) text += item + std::to_string(counts.draws) + " ";
  return text;
}

TEST(ItemCounts, AreInTheOrderOfNamesWhoeverAddsThem) {
  ItemCounts items;
  for (const char* item : {"c", "a", "b", "a"}) ++items[item].draws;
  EXPECT_EQ(told(items), "a2 b1 c1 ");
}

TEST(ItemCounts, OfOnePlaceAreNotThoseOfAnotherThatSharesNames) {
  const auto names = std::make_shared<ItemNames>(ItemNames{"a", "c"});
  ItemCounts first(names), second(names);
  ++first.of(1).draws;
  ++second["b"].draws;
  ++second["a"].draws;
  EXPECT_EQ(told(first), "c1 ");
  EXPECT_EQ(told(second), "a1 b1 ");
}

TEST(ItemCounts, WithoutADrawAreNotThere) {
  ItemCounts items(std::make_shared<ItemNames>(ItemNames{"a", "b"}));
  EXPECT_TRUE(items.empty());
  ++items["b"].draws;
  EXPECT_EQ(items.size(), 1u);
  EXPECT_EQ(items.find("a"), nullptr);
  EXPECT_EQ(items.at("b").draws, 1u);
  items.keep([](const std::string& item) { return item != "b"; });
  EXPECT_TRUE(items.empty());
}

}  // namespace
}  // namespace tertium
