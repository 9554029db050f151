#include "tertium/tasks/translation_prompt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace tertium {
namespace {

using testing::HasSubstr;

class TranslationPrompts : public test::FolderTest {
 protected:
  std::string refused(std::string_view text) {
    return test::error_of([&] { translation_template(temporary.write("form.toml", text)); });
  }
  const LanguageNames names{"French", "German"};
  const TranslationShot shot{"Oui.", "Ja."};
};

TEST_F(TranslationPrompts, TheBuiltInFormIsThatOfTheMethods) {
  const TranslationTemplate form = translation_template("");
  const TranslationPrompt prompt = fill(form, names, {&shot, 1}, "Il pleut {ici}.");
  EXPECT_EQ(prompt.text, "French: Oui.\nGerman: Ja.\n\nFrench: Il pleut {ici}.\nGerman:");
  EXPECT_EQ(prompt.text.substr(prompt.source_begin, prompt.source_end - prompt.source_begin), "Il pleut {ici}.");
  EXPECT_EQ(answer_text(form, names, "Es regnet."), " Es regnet.");
}

TEST_F(TranslationPrompts, ReadyFilesGiveTheFormsOfAlmaAndLmEval) {
  const TranslationTemplate alma = translation_template(test::source_folder() / "examples/translate-alma.toml");
  EXPECT_EQ(fill(alma, names, {}, "Il pleut.").text,
            "Translate this from French to German:\nFrench: Il pleut.\nGerman:");
  EXPECT_EQ(fill(alma, names, {&shot, 1}, "Il pleut.").text,
            "Translate this from French to German:\nFrench: Oui.\nGerman: Ja.\nFrench: Il pleut.\nGerman:");
  const TranslationTemplate harness = translation_template(test::source_folder() / "examples/translate-lm-eval.toml");
  EXPECT_EQ(fill(harness, names, {&shot, 1}, "Il pleut.").text,
            "French sentence: Oui.\nGerman sentence:Ja.\n\nFrench sentence: Il pleut.\nGerman sentence:");
  EXPECT_EQ(answer_text(harness, names, "Es regnet."), "Es regnet.");
}

TEST_F(TranslationPrompts, AFileThatMakesNoSenseIsRefusedByKey) {
  EXPECT_THAT(refused("[translate]\nasked = \"{source} {target}\"\n"), HasSubstr("asked names {target}"));
  EXPECT_THAT(refused("[translate]\nasked = \"{source_language}:\"\n"), HasSubstr("asked must name {source} once"));
  EXPECT_THAT(refused("[translate]\nanswer = \"\"\n"), HasSubstr("answer must name {target} once"));
  EXPECT_THAT(refused("[translate]\nshot = \"{source\"\n"), HasSubstr("lone brace"));
  EXPECT_THAT(refused("[translate]\nshots = \"\"\n"), HasSubstr("unknown key \"shots\""));
  EXPECT_THAT(refused("[translate]\nstops = []\n"), HasSubstr("form.toml:2: stops must list"));
  EXPECT_THAT(refused("[translate]\nstops = [\"\"]\n"), HasSubstr("empty"));
  EXPECT_THAT(refused("[letters]\n"), HasSubstr("no table [translate]"));
  EXPECT_THAT(refused("[translate]\nbefore = \"" + std::string(1 << 17, 'x') + "\"\n"), HasSubstr("bytes"));
}

TEST_F(TranslationPrompts, LanguagesHaveEnglishNamesByTheirCodes) {
  EXPECT_EQ(language_name("deu_Latn"), "German");
  EXPECT_EQ(language_name("de"), "German");
  EXPECT_EQ(language_name("zho_Hans"), "Chinese");
  EXPECT_EQ(language_name("swh_Latn"), "Swahili");
  EXPECT_EQ(language_name("vie_Latn"), "Vietnamese");
  EXPECT_EQ(language_name("qqq"), "");
  EXPECT_EQ(language_name("../x"), "");
}

TEST_F(TranslationPrompts, AnAnswerEndsWhereTheFirstStopBegins) {
  const std::vector<std::string> stops = {"\n\n", "##"};
  EXPECT_EQ(answer_end("a ## b\n\n", stops), 2);
  EXPECT_EQ(answer_end("a\nb", stops), 3);
}

}  // namespace
}  // namespace tertium
