#include "tertium/base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;
using testing::HasSubstr;

TEST(Text, IsUtf8RefusesOverlongFormsSurrogatesAndCutCharacters) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("aé中😀"));
  EXPECT_TRUE(is_utf8(std::string_view("a\0b", 3)));
  EXPECT_FALSE(is_utf8("\xc0\xaf")) << "an overlong slash";
  EXPECT_FALSE(is_utf8("\xed\xa0\x80")) << "a surrogate";
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80")) << "beyond U+10FFFF";
  EXPECT_FALSE(is_utf8("a\xe4\xb8")) << "a character cut short";
  EXPECT_FALSE(is_utf8("\x80")) << "a continuation byte alone";
}

TEST(Text, CodePointsAreCountedNotBytes) {
  EXPECT_EQ(code_points(""), 0u);
  EXPECT_EQ(code_points("aé中😀"), 4u);
  EXPECT_EQ(code_points("e\u0301"), 2u) << "a letter and its accent are two";
}

TEST(Text, StripTakesUnicodeSpacesOffBothEnds) {
  EXPECT_EQ(strip(" \t\r\n\u00a0\u2003\u3000a b\u2029\u0085\u202f "), "a b");
  EXPECT_EQ(strip("中\u3000"), "中");
  EXPECT_EQ(strip("\u3000 \n"), "");
  EXPECT_EQ(strip(""), "");
}

TEST(Text, StripIsThatOfPython) {
  EXPECT_EQ(strip("\x1c\x1d\x1e\x1f"
                  "a\x1f"),
            "a")
      << "the information separators count as spaces there";
  EXPECT_EQ(strip("\u200b\ufeff"), "\u200b\ufeff") << "zero-width space and byte order mark do not";
}

TEST(Text, DropLastCodePointDropsAWholeCharacter) {
  EXPECT_EQ(drop_last_code_point("a."), "a");
  EXPECT_EQ(drop_last_code_point("他走了。"), "他走了");
  EXPECT_EQ(drop_last_code_point("😀"), "");
  EXPECT_EQ(drop_last_code_point(""), "");
}

TEST(Text, LowerFirstChangesOnlyTheFirst) {
  EXPECT_EQ(lower_first("The Man"), "the Man");
  EXPECT_EQ(lower_first("ÉTÉ"), "éTÉ");
  EXPECT_EQ(lower_first("ΣΑΣ"), "σΑΣ") << "no final sigma: the letter is not last";
  EXPECT_EQ(lower_first("中A"), "中A");
  EXPECT_EQ(lower_first("1A"), "1A");
  EXPECT_EQ(lower_first(""), "");
}

TEST(Text, LowerFirstOfDottedCapitalIIsTwoCodePoints) { EXPECT_EQ(lower_first("İKİ"), "i\u0307Kİ"); }

TEST(Text, PrintableEscapesControlCharactersAndBadBytes) {
  EXPECT_EQ(printable("a\nb\t\x1b[31m\x7f"), "a\\u000ab\\u0009\\u001b[31m\\u007f");
  EXPECT_EQ(printable("\u202e\u200b"), "\\u202e\\u200b") << "what turns or hides text";
  EXPECT_EQ(printable("\xff"
                      "a\xc3"),
            "\\xffa\\xc3");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\u0000");
  EXPECT_EQ(printable("é中😀 \"x\""), "é中😀 \"x\"");
}

TEST(Text, PrintableIsCutAfterTheLimit) {
  EXPECT_EQ(printable("中中中", 3), "中中中");
  EXPECT_EQ(printable("中中中中", 3), "中中中…");
  EXPECT_EQ(printable("\n\n\n", 2), "\\u000a\\u000a…") << "an escape counts as the one character it shows";
}

TEST(Text, NearestHasTheSmallestEditDistance) {
  EXPECT_EQ(nearest("limt", {"split", "limit", "name"}), "limit");
  EXPECT_EQ(nearest("lnaguages", {"limit", "languages"}), "languages");
  EXPECT_EQ(nearest("name", {"name", "names"}), "name");
}

TEST(Text, NearestIsEmptyWhereNothingIsNear) {
  EXPECT_EQ(nearest("zzzz", {"name", "data"}), "");
  EXPECT_EQ(nearest("ab", {"ax"}), "ax") << "half of it is right";
  EXPECT_EQ(nearest("abc", {"axy"}), "");
  EXPECT_EQ(nearest("name", {}), "");
}

TEST(Text, JoinPutsTheSeparatorBetween) {
  EXPECT_EQ(join({"a", "b", "c"}), "a, b, c");
  EXPECT_EQ(join({"a"}, "\n"), "a");
  EXPECT_EQ(join({}), "");
}

TEST(Text, ReadTextFileGivesEveryByte) {
  const test::TempFolder folder;
  const std::string text("a\r\n\0é\n", 7);
  EXPECT_EQ(read_text_file(folder.write("a.txt", text)), text);
  EXPECT_EQ(read_text_file(folder.write("empty.txt", "")), "");
}

TEST(Text, ReadTextFileNamesWhatItCannotRead) {
  const test::TempFolder folder;
  const std::string absent = (folder.path() / "absent.txt").string();
  EXPECT_EQ(error_of([&] { read_text_file(absent); }),
            absent + ": cannot be read: No such file or directory; check the path");
  EXPECT_EQ(error_of([&] { read_text_file(folder.path()); }), folder.path().string() + ": is a folder; name a file");
  const auto latin = folder.write("latin.txt", "caf\xe9");
  EXPECT_THAT(error_of([&] { read_text_file(latin); }), HasSubstr("latin.txt: is not UTF-8"));
}

// What Python 3.11's str.capitalize() gives.
TEST(Capitalized, IsPythons) {
  EXPECT_EQ(capitalized(""), "");
  EXPECT_EQ(capitalized("the BAKER of Rome"), "The baker of rome");
  EXPECT_EQ(capitalized("ǆabc"), "ǅabc") << "title case, where a letter has one";
  EXPECT_EQ(capitalized("ßa"), "Ssa");
  EXPECT_EQ(capitalized("ΟΔΟΣ"), "Οδος") << "a sigma at the end of a word";
  EXPECT_EQ(capitalized("İSTANBUL"), "İstanbul");
  EXPECT_EQ(capitalized("火事だ"), "火事だ");
}

TEST(EndsInPunctuation, KnowsThatOfAllScripts) {
  for (const char* text : {"a.", "了。", "हूँ।", "a?”", "a…"}) EXPECT_TRUE(ends_in_punctuation(text)) << text;
  for (const char* text : {"", "a", "เขาตื่น", "3", "a. "}) EXPECT_FALSE(ends_in_punctuation(text)) << text;
}

}  // namespace
}  // namespace tertium
