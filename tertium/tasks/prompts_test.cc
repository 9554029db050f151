#include "tertium/tasks/prompts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tertium/tasks/json_lines.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;
using test::shared_folder;
using test::TempFolder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Item item() {
  Item item;
  item.id = "5";
  item.language = "it";
  item.options = {" one", " two"};
  item.choices = {"One", "Two"};
  item.fields = {{"premise", "Uno {premise}"}, {"question", "cause"}};
  return item;
}

LettersTemplate with_prompt(std::string prompt) { return {{" A", " B"}, std::move(prompt), "mine.toml"}; }

std::string error_in_file(std::string_view toml) {
  const TempFolder folder;
  const auto file = folder.write("prompts.toml", toml);
  return error_of([&] { letters_template(task_named("xcopa"), file); });
}

TEST(Fill, PutsFieldsAndOptionsInTheirPlaces) {
  EXPECT_EQ(fill(with_prompt("{question}? {premise}\n{options}\nAnswer:"), item()).text,
            "cause? Uno {premise}\nA: One\nB: Two\nAnswer:")
      << "what a field brings is text, even with braces in it";
  EXPECT_EQ(fill(with_prompt("{option2}{option1}"), item()).text, "TwoOne");
}

TEST(Fill, DoubledBracesAreText) {
  EXPECT_EQ(fill(with_prompt("{{question}} {{{question}}}"), item()).text, "{question} {cause}");
}

TEST(Fill, MarksWhereTheItemsPartsEnd) {
  LettersTemplate letters = with_prompt("{question}: {premise}\n{options}\nAnswer: ");
  letters.roles = {.premise = "premise", .question = "question", .option = "choice"};
  const MarkedText prompt = fill(letters, item());
  EXPECT_EQ(prompt.text, "cause: Uno {premise}\nA: One\nB: Two\nAnswer: ");
  EXPECT_EQ(prompt.marks, (TextMarks{.premise = 20, .question = 5, .colon = 42, .prompt = 43, .options = {27, 34}}));
  letters.prompt = "{choice2}, {choice1}: {premise}.";
  EXPECT_EQ(fill(letters, item()).marks, (TextMarks{.premise = 23, .prompt = 24, .options = {8, 3}}))
      << "a colon before the item's last field is not the final one";
}

TEST(Fill, NamesItemAndPlaceholderItCannotFill) {
  EXPECT_EQ(error_of([] { fill(with_prompt("{premisse}"), item()); }),
            "item \"5\" (it) has no field \"premisse\", which mine.toml names; it has letter1, letter2, option1, "
            "option2, options, premise, question");
  EXPECT_THAT(error_of([] { fill(with_prompt("{option3}"), item()); }), HasSubstr("no field \"option3\""));
}

TEST(Fill, RefusesAPromptThatListsOneOptionMoreOftenThanAnother) {
  LettersTemplate letters = with_prompt("{premise}\nA: {choice1}\nB: {choice1}\nAnswer:");
  letters.roles.option = "choice";
  EXPECT_EQ(error_of([&] { fill(letters, item()); }),
            "item \"5\" (it): the prompt of mine.toml lists option 1 twice but option 2 never; name all of them equally "
            "often, by {options} or {option1}, {option2} …");
  EXPECT_THAT(error_of([] { fill(with_prompt("{options} {option2}"), item()); }),
              HasSubstr("option 2 twice but option 1 once"));
  EXPECT_THAT(error_of([] { fill(with_prompt("{letter1}: {option1} {letter1}: {option2}"), item()); }),
              HasSubstr("lists letter 1 twice but letter 2 never"));
  for (const char* fair : {"{premise}", "{option1} or {option2}? {options}", "A: {option1} B: {choice2}"}) {
    letters.prompt = fair;
    EXPECT_EQ(error_of([&] { fill(letters, item()); }), "") << fair;
  }
}

TEST(Fill, RefusesMoreOptionsThanLetters) {
  Item four = item();
  four.options.resize(4);
  four.choices.resize(4);
  EXPECT_EQ(error_of([&] { fill(with_prompt("{options}"), four); }),
            "item \"5\" (it) has 4 options but mine.toml has 2 letters; add letters");
}

TEST(LettersTemplate, BuiltInOneOfEveryTaskFillsItsItems) {
  const JsonLine xcopa{{{"premise", "It rained."},
                        {"choice1", "A."},
                        {"choice2", "B."},
                        {"question", "effect"},
                        {"label", 0},
                        {"idx", 1}},
                       "x:1"};
  Item item = task_named("xcopa").item(xcopa, "en");
  item.fields = {{"premise", "It rained."}, {"question", "effect"}};
  const LettersTemplate letters = letters_template(task_named("xcopa"), "");
  EXPECT_EQ(letters.letters.front(), " A");
  EXPECT_EQ(letters.letters.size(), 26u);
  EXPECT_EQ(fill(letters, item).text,
            "Choose the more likely effect of the premise.\nPremise: It rained.\nA: A.\nB: B.\nAnswer:");
}

TEST(LettersTemplate, BuiltInOnesEndBeforeTheLetter) {
  for (const std::string& name : task_names()) {
    const LettersTemplate letters = letters_template(task_named(name), "");
    EXPECT_THAT(letters.prompt, testing::EndsWith("\n{options}\nAnswer:")) << name;
    EXPECT_EQ(letters.origin, "the built-in template");
  }
}

TEST(LettersTemplate, ReadsTheTableOfItsTask) {
  const TempFolder folder;
  const auto file = folder.write("prompts.toml",
                                 "[belebele]\nletters = [\"1\", \"2\"]\nprompt = \"x\"\n"
                                 "[xcopa]\nletters = [\"A\", \"B\"]\nprompt = \"{premise} \\n\\n{options} \"\n");
  const LettersTemplate letters = letters_template(task_named("xcopa"), file);
  EXPECT_THAT(letters.letters, ElementsAre("A", "B"));
  EXPECT_EQ(letters.prompt, "{premise} \n\n{options} ") << "spaces matter";
  EXPECT_EQ(letters.origin, file.string());
}

TEST(LettersTemplate, NamesFileAndKeyOfWhatIsWrong) {
  EXPECT_THAT(error_in_file("[xcopa\n"), HasSubstr("prompts.toml:1: not valid TOML"));
  EXPECT_THAT(error_in_file("[items]\nletters = [\"A\", \"B\"]\nprompt = \"x\"\n"),
              HasSubstr("no table [xcopa]; add one"));
  EXPECT_THAT(error_in_file("[xcoppa]\nprompt = \"x\"\n"),
              HasSubstr("prompts.toml:1: unknown table \"xcoppa\"; known are xcopa,"));
  EXPECT_THAT(error_in_file("[xcopa]\nletter = [\"A\", \"B\"]\n"),
              HasSubstr("prompts.toml:2: unknown key \"letter\"; known are letters, prompt"));
  EXPECT_THAT(error_in_file("[xcopa]\nletters = [\"A\", \"B\"]\n"), HasSubstr("[xcopa]: no text \"prompt\""));
  EXPECT_THAT(error_in_file("[xcopa]\nprompt = 3\n"), HasSubstr("[xcopa]: no text \"prompt\""));
  EXPECT_THAT(error_in_file("xcopa = 3\n"), HasSubstr("no table [xcopa]"));
}

TEST(LettersTemplate, NeedsTwoDifferentLetters) {
  const auto error = [](std::string_view letters) {
    return error_in_file(fmt::format("[xcopa]\nletters = {}\nprompt = \"x\"\n", letters));
  };
  EXPECT_THAT(error("[\"A\"]"), HasSubstr("letters must list at least two texts"));
  EXPECT_THAT(error("\"AB\""), HasSubstr("letters must list at least two texts"));
  EXPECT_THAT(error("[\"A\", \" A\"]"), HasSubstr("letters has \"A\" twice"));
  EXPECT_THAT(error("[\"A\", \" \"]"), HasSubstr("letters has an entry that is empty or no text"));
  EXPECT_THAT(error("[\"A\", 2]"), HasSubstr("letters has an entry that is empty or no text"));
}

TEST(LettersTemplate, TellsALoneBraceWhenTheFileIsRead) {
  for (const char* prompt : {"a { b", "a } b", "{a {b}", "{}", "a {", "}"}) {
    const std::string toml = fmt::format("[xcopa]\nletters = [\"A\", \"B\"]\nprompt = \"{}\"\n", prompt);
    EXPECT_THAT(error_in_file(toml), HasSubstr("[xcopa]: prompt has a lone brace at \"")) << prompt;
  }
}

TEST(LettersTemplateData, ReproducesTheStudysPrompts) {
  SKIP_WITHOUT_SHARED();
  const auto file = shared_folder() / "paper" / "prompts.toml";
  const Item item = read_items(task_named("xcopa"), shared_folder() / "data" / "xcopa", "en", "val").front();
  EXPECT_EQ(fill(letters_template(task_named("xcopa"), file), item).text,
            "Based on the below premise, and two options that reflect the potential effect to the premise, choose the "
            "correct "
            "answer. \n\nPremise: The man turned on the faucet. \n\n\nA: The toilet filled with water.\nB: Water "
            "flowed from the "
            "spout.\n\nAnswer: ");
}

TEST(LettersTemplateData, EveryTemplateFillsEveryBenchmark) {
  SKIP_WITHOUT_SHARED();
  for (const auto& [name, language] : {std::pair{"xcopa", "it"}, {"xstorycloze", "ar"}, {"belebele", "tha_Thai"}}) {
    const Task& task = task_named(name);
    const std::vector<Item> items = read_items(task, shared_folder() / "data" / name, language, "");
    for (const auto& file : {std::filesystem::path(), shared_folder() / "paper" / "prompts.toml"}) {
      const LettersTemplate letters = letters_template(task, file);
      for (const Item& item : items) ASSERT_THAT(fill(letters, item).text, Not(testing::IsEmpty()));
    }
  }
}

}  // namespace
}  // namespace tertium
