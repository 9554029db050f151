#include "tertium/audit/characters.h"

#include <gtest/gtest.h>

namespace tertium {
namespace {

TEST(Characters, TellWhatATextEndsIn) {
  EXPECT_EQ(ending_of("The sun rose. "), Ending::punctuation);
  EXPECT_EQ(ending_of("太阳升起。"), Ending::punctuation);
  EXPECT_EQ(ending_of("वह आया।"), Ending::punctuation);
  EXPECT_EQ(ending_of("ปลวกกินบ้าน"), Ending::letter);
  EXPECT_EQ(ending_of("அவள் வந்தாள்"), Ending::mark) << "a virama";
  EXPECT_EQ(ending_of("in 1999"), Ending::other);
  EXPECT_EQ(ending_of(" "), Ending::none);
}

TEST(Characters, TellTheScriptOfMostLetters) {
  EXPECT_EQ(main_script("Law and Order, مسلسل"), "Latin");
  EXPECT_EQ(main_script("مسلسل طويل Law"), "Arabic");
  EXPECT_EQ(main_script("漢字とかなとカナ"), "Han and kana");
  EXPECT_EQ(main_script("1999 – 2000"), "");
}

TEST(Characters, TellWordsThatMixScriptsWhichLookAlike) {
  EXPECT_TRUE(has_mixed_word("сat")) << "a Cyrillic с";
  EXPECT_FALSE(has_mixed_word("the кот sat"));
  EXPECT_FALSE(has_mixed_word("5 µm"));
}

TEST(Characters, TellDamage) {
  EXPECT_TRUE(is_damaged("caf\xEF\xBF\xBD"));
  EXPECT_TRUE(is_damaged(std::string_view("a\0b", 3)));
  EXPECT_FALSE(is_damaged("a\tb\nc"));
  EXPECT_FALSE(is_damaged("\xE2\x80\x8Fعربي")) << "a direction mark is no damage";
}

TEST(Characters, CountWordsAlsoWhereNoSpacesStand) {
  EXPECT_EQ(count_words("The cat, it sat."), 4u);
  EXPECT_EQ(count_words(" . "), 0u);
  EXPECT_GT(count_words("ปลวกกินบ้าน"), 1u);
  EXPECT_TRUE(has_words("7"));
  EXPECT_FALSE(has_words("– …"));
}

}  // namespace
}  // namespace tertium
