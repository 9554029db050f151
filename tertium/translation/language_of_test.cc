#include "tertium/translation/language_of.h"

#include <gtest/gtest.h>

#include "tertium/base/text.h"
#include "tests/support/files.h"
#include "tests/support/program.h"

namespace tertium {
namespace {

TEST(LanguageOfTexts, ScriptsAndTrigramsTellLanguagesApart) {
  LanguageOf of;
  of.learn("en",
           {"The cat sat on the mat and the dog looked at it.", "She does not know what they will do with this."});
  of.learn("de",
           {"Die Katze saß auf der Matte und der Hund sah sie an.", "Sie weiß nicht, was sie damit machen werden."});
  of.learn("ru", {"Кошка сидела на ковре, и собака смотрела на неё."});
  of.learn("zh", {"猫坐在垫子上，狗看着它。"});
  EXPECT_EQ(of("The dog does not know the cat."), "en");
  EXPECT_EQ(of("Der Hund weiß nicht, was die Katze machen werden."), "de");
  EXPECT_EQ(of("Собака и кошка"), "ru");
  EXPECT_EQ(of("狗看着猫坐在垫子上"), "zh");
  EXPECT_EQ(of("الكلب والقطة"), kNoLanguage) << "a script of none of them";
  EXPECT_EQ(of("12, 34!"), kNoLanguage);
  EXPECT_EQ(of(""), kNoLanguage);
}

TEST(LanguageOfTexts, SentencesThatWereNotLearntFromAreTold) {
  const std::filesystem::path flores = test::shared_folder() / "data/flores200";
  if (!std::filesystem::exists(flores)) GTEST_SKIP() << "SKIPPED: needs " << flores << ", or where TERTIUM_SHARED says";
  const char* languages[] = {"eng_Latn", "deu_Latn", "fra_Latn", "spa_Latn", "swh_Latn", "tur_Latn", "vie_Latn"};
  LanguageOf of;
  std::map<std::string, std::vector<std::string>> rest;
  for (const char* language : languages) {
    std::vector<std::string> lines = test::lines_of(read_text_file(flores / (std::string(language) + ".devtest")));
    of.learn(language, {lines.begin(), lines.begin() + 100});
    rest[language] = {lines.begin() + 800, lines.begin() + 1000};
  }
  for (const auto& [language, lines] : rest) {
    int right = 0;
    for (const std::string& line : lines) right += of(line) == language;
    EXPECT_GE(right, 197) << language;
  }
}

TEST(RepeatedTexts, AreToldByTheirEnd) {
  EXPECT_TRUE(is_repeated("the cat the cat the cat"));
  EXPECT_TRUE(is_repeated("It is so so so"));
  EXPECT_TRUE(is_repeated("aaaaaaaaaa"));
  EXPECT_FALSE(is_repeated("the cat the cat"));
  EXPECT_FALSE(is_repeated(""));
  EXPECT_FALSE(is_repeated("very, very good"));
}

}  // namespace
}  // namespace tertium
