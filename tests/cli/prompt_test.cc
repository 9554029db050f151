// How an item is asked, as text, as the real program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tertium/base/text.h"
#include "tests/support/small_experiment.h"

namespace tertium {
namespace {

using nlohmann::json;
using test::lines_of;
using test::output_of;
using test::run_program;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class PromptCommand : public test::SmallExperiment {
 protected:
  std::string shown(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"prompt", experiment.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return output_of(arguments);
  }
  json prompts(std::vector<std::string> more) const {
    more.emplace_back("--json");
    return json::parse(shown(more)).at("prompts");
  }
  std::string error(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"prompt", experiment.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments).err;
  }
  /// Ids and pieces of a text, or of an item as it is asked.
  std::vector<std::string> pieces(const std::vector<std::string>& arguments, const std::string& prompt = "") const {
    std::vector<std::string> found;
    for (const std::string& line : lines_of(output_of(arguments))) {
      const json token = json::parse(line);
      const bool is_asked = token.contains("prompt");
      if (!is_asked ||
          (token["language"] == "de" && token["prompt"].get<std::string>().find(prompt) != std::string::npos))
        found.push_back(token["piece"]);
    }
    return found;
  }
};

TEST_F(PromptCommand, ShowsWhereTheContextEndsAndWhatGoesOnInEveryLanguage) {
  const std::string text = shown({"--item", "cat-hot", "--task", "items"});
  EXPECT_THAT(text, StartsWith("── items, loglik, item cat-hot ──\n"
                               "At [...] each option goes on, and the log-probabilities of its tokens are\nsummed.\n"
                               "\nen\n"
                               "  | the cat is[...]\n"
                               "  0: \" hot\" (gold)\n"
                               "  1: \" very cold\"\n"
                               "\nde\n"
                               "  | die Katze ist[...]\n"));
  EXPECT_THAT(text, HasSubstr("── items, letters, item cat-hot ──\n"
                              "At [...] the logits of the options' letters are compared.\n"));
  EXPECT_THAT(text, HasSubstr("  0: \" A\" for \"warm\" (gold)\n  1: \" B\" for \"sehr kalt\"\n"));
}

TEST_F(PromptCommand, IsTheTextWhoseTokensTheRunAsks) {
  for (const std::string setting : {"task.shots=0", "task.shots=2"})
    for (const json& prompt : prompts({"--set", setting, "--language", "de", "--item", "cat-hot"})) {
      const std::string before = prompt.at("options").at(0).at("before");
      EXPECT_EQ(pieces({"tokenize", model.string(), before, "--json"}),
                pieces({"tokenize", model.string(), "--positions", experiment.string(), "--language", "de", "--item",
                        "cat-hot", "--set", setting, "--json"},
                       ", " + prompt.at("protocol").get<std::string>() + ","));
    }
}

TEST_F(PromptCommand, PutsTheContextsTrailingSpaceBeforeWhatIsScored) {
  replace_item("en", 1, R"({"id": "rain-wet", "context": "the rain is  ", "options": ["wet", "dry"], "gold": 0})");
  const json option = prompts({"--language", "en"}).at(0).at("options").at(0);
  EXPECT_EQ(option.at("before"), "the rain is");
  EXPECT_EQ(option.at("scored"), "  wet");
}

TEST_F(PromptCommand, ShowsEveryOrderOfTheOptions) {
  const json asked = prompts({"--language", "en", "--set", "task.1.permutations=all"});
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_EQ(asked[1].at("protocol"), "letters:AB:01");
  EXPECT_EQ(asked[2].at("protocol"), "letters:AB:10");
  EXPECT_EQ(asked[2].at("options").at(0).at("scored"), " B");
  EXPECT_THAT(asked[2].at("options").at(0).at("before"), HasSubstr("A: very dry\nB: wet"));
}

TEST_F(PromptCommand, WritesAChatByTheModelsTemplate) {
  temporary.write("model/chat_template.jinja",
                  "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}[assistant]");
  const json asked = prompts({"--language", "de", "--set", "task.1.chat=true", "--set", "task.1.shots=1"}).at(1);
  const std::string before = asked.at("options").at(0).at("before");
  EXPECT_THAT(before, AllOf(StartsWith("[user] "), HasSubstr("[assistant] "), testing::EndsWith("\n[assistant]")));
  EXPECT_EQ(asked.at("options").at(0).at("scored"), "A") << "no space stands before a chat's letter";
  EXPECT_EQ(asked.at("shots"), 1);
}

TEST_F(PromptCommand, IsSafeOnATerminalAndFitsIt) {
  std::string words;
  for (int i = 0; i < 60; ++i) words += "Nässe ";
  replace_item("de", 1,
               json({{"id", "rain-wet"},
                     {"context", words + "\x1b[2J\u202e" + std::string(200, 'x')},
                     {"options", {" nass", " trocken"}},
                     {"gold", 0}})
                   .dump());
  const std::string text = shown({"--language", "de"});
  EXPECT_THAT(text, AllOf(Not(HasSubstr("\x1b")), HasSubstr("\\u001b[2J\\u202e")));
  for (const std::string& line : lines_of(text)) EXPECT_LE(code_points(line), 80u) << line;
}

TEST_F(PromptCommand, NamesWhatIsNotThere) {
  EXPECT_THAT(error({"--task", "xcopa"}), AllOf(StartsWith("Error: --task xcopa: not in "), HasSubstr("there: items")));
  EXPECT_THAT(error({"--language", "it"}), HasSubstr("there: de, en"));
  EXPECT_THAT(error({"--item", "none"}), HasSubstr("the first of 20 is \"rain-wet\""));
}

/// Sentences and open questions, in files of their own.
class PromptOfTexts : public PromptCommand {
 protected:
  PromptOfTexts() {
    temporary.write("flores/en.dev", "the sun is hot\nthe rain is wet\nthe snow is cold\n");
    temporary.write("flores/fr.dev", "le soleil est chaud\nla pluie est humide\nla neige est froide\n");
    temporary.write("flores/de.dev", "die Sonne ist warm\ndie Luft ist nass\ndie Glut ist kalt\n");
    temporary.write("questions/en.jsonl", R"({"id": "a", "prompt": "the rain is", "answers": ["wet", "very wet"]})");
    temporary.write("questions/de.jsonl", R"({"id": "a", "prompt": "die Luft ist", "answers": ["nass"]})");
    write(R"(match = "contains")");
  }
  void write(const std::string& keys) const {
    temporary.write("experiment.toml",
                    "model = \"model\"\n[[task]]\nname = \"translate\"\ndata = \"flores\"\nsplit = \"dev\"\n"
                    "languages = [\"fr\"]\ntarget = \"de\"\nshots = 1\nmax_new_tokens = 9\n"
                    "[[task]]\nname = \"generate\"\ndata = \"questions\"\nlanguages = [\"de\"]\n" +
                        keys + "\n");
  }
};

TEST_F(PromptOfTexts, ASentenceIsShownBehindItsExamplesAndBeforeItsReference) {
  const std::string text = shown({"--task", "translate", "--item", "2", "--language", "en"});
  EXPECT_EQ(text,
            "── translate de, loglik, item 2, after 1 example ──\n"
            "At [...] the log-probabilities of the reference's tokens are summed, and the\n"
            "model translates. It ends at the end of a line, where the model ends it, or\n"
            "after 9 tokens.\n"
            "\nen\n"
            "  | English: the sun is hot\n"
            "  | German: die Sonne ist warm\n"
            "  | \n"
            "  | English: the snow is cold\n"
            "  | German:[...]\n"
            "  reference: \" die Glut ist kalt\"\n");
  const json prompt = prompts({"--task", "translate", "--language", "fr"}).at(0);
  EXPECT_EQ(prompt.at("item"), "1") << "the first line is an example";
  EXPECT_EQ(prompt.at("options").at(0).at("before"),
            "French: le soleil est chaud\nGerman: die Sonne ist warm\n\nFrench: la pluie est humide\nGerman:");
}

TEST_F(PromptOfTexts, AQuestionIsShownWithWhatAnswersItInEveryLanguage) {
  const std::string text = shown({"--task", "generate"});
  EXPECT_THAT(text, HasSubstr("is right where what it writes contains an\nanswer, but for case and punctuation."));
  EXPECT_THAT(text, HasSubstr("\nen\n  | the rain is[...]\n  answer: \" wet\"\n  answer: \" very wet\"\n"));
  EXPECT_THAT(text, HasSubstr("\nde\n  | die Luft ist[...]\n  answer: \" nass\"\n"));
  write(R"(match = "regex")");
  EXPECT_THAT(shown({"--task", "generate"}), HasSubstr("  pattern: \"very wet\"\n"));
  temporary.write("questions/de.jsonl", R"({"id": "b", "prompt": "die", "answers": ["nass"]})");
  EXPECT_THAT(error({"--task", "generate"}), HasSubstr("de.jsonl: has no question \"a\", which the pivot's file has"));
}

TEST_F(PromptOfTexts, SentencesAndTasksThatAreNotThereAreNamed) {
  EXPECT_THAT(error({"--task", "translate", "--item", "7"}),
              HasSubstr("asks no item of that id in translate de; the first of 2 is \"1\""));
  EXPECT_THAT(error({"--task", "items"}), HasSubstr("there: generate, translate"));
}

}  // namespace
}  // namespace tertium
