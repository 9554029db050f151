#include "tertium/audit/audit.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "tertium/base/text.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// An item of XCOPA of which no check says anything.
json xcopa(int idx, const std::string& premise = "") {
  return {{"idx", idx},
          {"premise", premise.empty() ? "A thing of kind " + std::to_string(idx) + " fell." : premise},
          {"choice1", "It was heavy " + std::to_string(idx) + "."},
          {"choice2", "It was narrow " + std::to_string(idx) + "."},
          {"question", idx % 4 < 2 ? "cause" : "effect"},
          {"label", idx % 2}};
}

std::string lines_of(const std::vector<json>& items) {
  std::string text;
  for (const json& item : items) text += item.dump() + "\n";
  return text;
}

class AuditTest : public test::FolderTest {
 protected:
  AuditTest() { spec.data = folder / "data"; }

  /// Writes the test split of a language; in others than "en" the texts are made different by what stands before them.
  void write(const std::string& language, std::vector<json> items) const { write_text(language, lines_of(items)); }
  void write_text(const std::string& language, const std::string& text, const std::string& split = "val") const {
    temporary.write("data/" + language + "/" + split + "." + language + ".jsonl", text);
  }
  /// Twenty of them; `change` is done to each but in English.
  static std::vector<json> twenty(
      const std::string& language, const std::function<void(int, json&)>& change = [](int, json&) {}) {
    std::vector<json> items;
    for (int idx = 0; idx < 20; ++idx) {
      items.push_back(xcopa(idx));
      if (language != "en")
        for (const char* field : {"premise", "choice1", "choice2"})
          items.back()[field] = "Zu " + language + ": " + items.back()[field].get<std::string>();
      change(idx, items.back());
    }
    return items;
  }

  Experiment experiment() const { return {.model = folder / "model", .tasks = {spec}}; }
  Audit audited() const { return audit(experiment()); }
  std::vector<Finding> found(const std::string& check) const {
    std::vector<Finding> some;
    for (const Finding& finding : audited().findings)
      if (finding.check == check) some.push_back(finding);
    return some;
  }

  TaskSpec spec{.name = "xcopa", .languages = {"de"}};
};

TEST_F(AuditTest, FindsNothingButThePivotInItemsWithoutFault) {
  write("en", twenty("en"));
  write("de", twenty("de"));
  for (const Finding& finding : audited().findings) EXPECT_EQ(finding.check, "pivot") << finding.message;
}

TEST_F(AuditTest, ReadsOnBehindLinesThatAreNoItemsAndFilesThatAreNotThere) {
  spec.languages = {"de", "it", "fr"};
  write("en", twenty("en"));
  std::vector<json> german = twenty("de");
  german[3]["choice1"] = "  ";
  german[5].erase("label");
  german[7]["idx"] = 6;
  write_text("de", lines_of(german) + "{\"idx\": 20, \"premise\": \"\xFF\"}\n{\"idx\n");
  write("fr", twenty("fr", [](int idx, json& item) { item["question"] = idx == 1 ? "effect" : item["question"]; }));
  const std::vector<Finding> files = found("files");
  ASSERT_THAT(files, SizeIs(2));
  EXPECT_EQ(files[0].language, "de");
  EXPECT_EQ(files[0].severity, Severity::error);
  EXPECT_EQ(files[0].count, 5u);
  EXPECT_THAT(files[0].message,
              AllOf(HasSubstr("5 lines are no items"), HasSubstr("val.de.jsonl:4: field \"choice1\"")));
  EXPECT_EQ(files[1].language, "it");
  EXPECT_THAT(files[1].message, HasSubstr("val.it.jsonl: no such file"));
  EXPECT_THAT(found("question"),
              Contains(AllOf(Field(&Finding::language, "fr"), Field(&Finding::items, ElementsAre("1")))));
  EXPECT_THAT(found("parallel"),
              ElementsAre(AllOf(Field(&Finding::language, "de"), Field(&Finding::items, ElementsAre("3", "5", "7")))));
}

TEST_F(AuditTest, EndsTheReadingAtALineThatIsFarTooLong) {
  write("en", twenty("en"));
  std::vector<json> german = twenty("de");
  german[18]["premise"] = std::string(2 << 20, 'x');
  write("de", german);
  EXPECT_THAT(found("files"), ElementsAre(AllOf(Field(&Finding::count, 1u),
                                                Field(&Finding::message, HasSubstr("val.de.jsonl:19: longer than")))));
  EXPECT_THAT(found("parallel"), ElementsAre(Field(&Finding::items, ElementsAre("18", "19"))));
}

TEST_F(AuditTest, TellsByteOrderMarksAndCrLf) {
  write("en", twenty("en"));
  std::string german = "\xEF\xBB\xBF" + lines_of(twenty("de"));
  german.insert(german.find('\n'), "\r");
  write_text("de", german);
  EXPECT_THAT(
      found("files"),
      ElementsAre(
          AllOf(Field(&Finding::severity, Severity::note), Field(&Finding::message, HasSubstr("byte order mark"))),
          AllOf(Field(&Finding::count, 1u), Field(&Finding::of, 20u), Field(&Finding::message, HasSubstr("CR LF")))));
}

TEST_F(AuditTest, NamesTheMajorityThatIdsAndGoldsDifferFrom) {
  spec.languages = {"de", "it"};
  std::vector<json> english = twenty("en");
  english[4]["label"] = 1;  // the pivot itself is in the minority
  write("en", english);
  write("de", twenty("de"));
  std::vector<json> italian = twenty("it");
  italian.erase(italian.begin());
  italian.push_back(xcopa(77));
  write("it", italian);
  const std::vector<Finding> findings = found("parallel");
  ASSERT_THAT(findings, SizeIs(3));
  EXPECT_THAT(findings, Each(Field(&Finding::severity, Severity::error)));
  EXPECT_EQ(findings[0].language, "en");
  EXPECT_THAT(findings[0].items, ElementsAre("4"));
  EXPECT_THAT(findings[0].message,
              HasSubstr("gold option (0-based) is not that of the majority (de, it) (the first: 1 here, 0 there)"));
  EXPECT_EQ(findings[1].language, "it");
  EXPECT_THAT(findings[1].items, ElementsAre("0"));
  EXPECT_THAT(findings[2].items, ElementsAre("77"));
}

TEST_F(AuditTest, TellsOtherNumbersOfOptionsAndOnATieTakesThePivotsSide) {
  spec.name = "items";
  const auto line = [](const std::string& id, json options) {
    return json({{"id", id}, {"context", "So " + id + " was"}, {"options", options}, {"gold", 0}}).dump() + "\n";
  };
  temporary.write("data/en.jsonl", line("a", {" up", " down"}) + line("b", {" in", " out"}));
  temporary.write("data/de.jsonl", line("a", {" auf", " ab"}) + line("b", {" ein", " aus", " an"}));
  EXPECT_THAT(found("parallel"),
              ElementsAre(AllOf(
                  Field(&Finding::language, "de"), Field(&Finding::items, ElementsAre("b")),
                  Field(&Finding::message,
                        HasSubstr("options is not that of the pivot's side (en) (the first: 3 here, 2 there)")))));
}

TEST_F(AuditTest, GivesALanguageThatAlwaysAsksTheSameNoVote) {
  spec.languages = {"de", "th", "tr"};
  const auto always_effect = [](int, json& item) { item["question"] = "effect"; };
  write("en", twenty("en"));
  write("de", twenty("de", [](int idx, json& item) { item["question"] = idx == 4 ? "effect" : item["question"]; }));
  write("th", twenty("th", always_effect));
  write("tr", twenty("tr", always_effect));
  const std::vector<Finding> findings = found("question");
  ASSERT_THAT(findings, SizeIs(6));
  EXPECT_EQ(findings[0].severity, Severity::note);
  EXPECT_THAT(findings[0].message,
              HasSubstr("en: cause 10, effect 10; de: cause 9, effect 11; th: effect 20; tr: effect 20"));
  EXPECT_EQ(findings[1].language, "de");
  EXPECT_THAT(findings[1].items, ElementsAre("4"));
  EXPECT_THAT(findings[1].message, HasSubstr("that of the pivot's side (en) (effect here, cause there)"));
  EXPECT_EQ(findings[2].language, "th");
  EXPECT_THAT(findings[2].message, HasSubstr("All 20 items say effect"));
  EXPECT_EQ(findings[3].count, 10u);
}

TEST_F(AuditTest, TellsWhichEnglishTheStudyTook) {
  write("en", twenty("en"));
  write("de", twenty("de"));
  EXPECT_THAT(found("pivot"), ElementsAre(AllOf(Field(&Finding::severity, Severity::note),
                                                Field(&Finding::message, HasSubstr("en_de, split test")))));

  spec.languages = {"it", "vi"};
  const Audit other = audit(Experiment{.model = folder / "model", .pivot = "en_it", .tasks = {spec}});
  EXPECT_THAT(other.findings, Contains(AllOf(Field(&Finding::check, "pivot"), Field(&Finding::language, "vi"),
                                             Field(&Finding::message, HasSubstr("takes en_vi")))));
  EXPECT_THAT(other.findings, Not(Contains(AllOf(Field(&Finding::check, "pivot"), Field(&Finding::language, "it")))));
}

TEST_F(AuditTest, TellsWhatTheDroppedCharacterOfAPremiseIs) {
  write("en", twenty("en"));
  write("de", twenty("de", [](int idx, json& item) {
          if (idx == 2) item["premise"] = "ปลวกกินบ้าน";
          if (idx == 3) item["premise"] = "அவள் வந்தாள்";
        }));
  EXPECT_THAT(
      found("punctuation"),
      ElementsAre(AllOf(Field(&Finding::severity, Severity::warning), Field(&Finding::items, ElementsAre("2", "3")),
                        Field(&Finding::message, AllOf(HasSubstr("In 2 of 20 items the premise (Thai script)"),
                                                       HasSubstr("a letter in 1, a vowel sign or other mark in 1"))))));
}

TEST_F(AuditTest, OnlyNotesMissingPunctuationThatIsKept) {
  write("en", twenty("en"));
  write("de", twenty("de", [](int idx, json& item) {
          if (idx == 2) item["premise"] = "ปลวกกินบ้าน";
        }));
  spec.rules.fixed = true;
  EXPECT_THAT(found("punctuation"),
              ElementsAre(AllOf(Field(&Finding::severity, Severity::note), Field(&Finding::items, ElementsAre("2")))));
}

TEST_F(AuditTest, OnlyNotesMissingPunctuationWhereNothingIsDropped) {
  spec.name = "xstorycloze";
  const auto story = [](int i, const std::string& end) {
    return json({{"story_id", std::to_string(i)},
                 {"context", "Story " + std::to_string(i) + " went on" + end},
                 {"sentence_quiz1", "It ended " + std::to_string(i)},
                 {"sentence_quiz2", "It went on " + std::to_string(i)},
                 {"answer_right_ending", 1}});
  };
  temporary.write("data/en.jsonl", lines_of({story(0, "."), story(1, "."), story(2, "")}));
  temporary.write("data/de.jsonl", lines_of({story(0, "."), story(1, "."), story(2, ".")}));
  EXPECT_THAT(found("punctuation"),
              ElementsAre(AllOf(Field(&Finding::severity, Severity::note), Field(&Finding::language, "en"),
                                Field(&Finding::items, ElementsAre("2")))));
}

TEST_F(AuditTest, TellsFirstLettersThatEnglishRulesLowerWrongly) {
  spec.languages = {"tr"};
  write("en", twenty("en", [](int idx, json& item) { item["choice1"] = idx == 1 ? "Ice fell." : item["choice1"]; }));
  write("tr", twenty("tr", [](int idx, json& item) {
          if (idx == 2) item["choice2"] = "İtfaiye geldi.";
          if (idx == 5) item["choice1"] = "Irmak taştı.";
        }));
  EXPECT_THAT(found("first_letter"), ElementsAre(AllOf(Field(&Finding::items, ElementsAre("2")),
                                                       Field(&Finding::message, HasSubstr("begins with İ"))),
                                                 AllOf(Field(&Finding::items, ElementsAre("5")),
                                                       Field(&Finding::message, HasSubstr("the language writes ı")))));
}

TEST_F(AuditTest, FindsTextsWithoutWordsAndDamagedOnes) {
  write("en", twenty("en"));
  write("de", twenty("de", [](int idx, json& item) {
          if (idx == 3) item["choice1"] = "…";
          if (idx == 6) item["premise"] = "Das Caf\xEF\xBF\xBD ist zu.";
        }));
  EXPECT_THAT(found("blank"),
              ElementsAre(Field(&Finding::items, ElementsAre("3")), Field(&Finding::items, ElementsAre("6"))));
}

TEST_F(AuditTest, FindsEqualOptionsItemsAndPremises) {
  write("en", twenty("en"));
  write("de", twenty("de", [](int idx, json& item) {
          if (idx == 2) item["choice1"] = item["choice2"] = "Es war schwer.";
          if (idx == 4) item["premise"] = "Zu de: A thing of kind 5  fell.";
          if (idx == 8) item = twenty("de")[12], item["idx"] = 8;
        }));
  EXPECT_THAT(
      found("repeated"),
      ElementsAre(
          AllOf(Field(&Finding::severity, Severity::warning), Field(&Finding::items, ElementsAre("2"))),
          AllOf(Field(&Finding::severity, Severity::warning), Field(&Finding::items, ElementsAre("8", "12"))),
          AllOf(Field(&Finding::severity, Severity::note), Field(&Finding::items, ElementsAre("4", "5", "8", "12")))));
}

TEST_F(AuditTest, FindsUntranslatedTextsAndForgivesAFew) {
  const auto untranslated = [&](int count) {
    write("de", twenty("de", [&](int idx, json& item) {
            if (idx < count) item["premise"] = xcopa(idx)["premise"];
          }));
    return found("untranslated");
  };
  write("en", twenty("en"));
  EXPECT_THAT(untranslated(0), IsEmpty());
  EXPECT_THAT(untranslated(3), ElementsAre(Field(&Finding::severity, Severity::note)));
  EXPECT_THAT(untranslated(4),
              ElementsAre(AllOf(Field(&Finding::severity, Severity::warning), Field(&Finding::items, SizeIs(4)))));
}

TEST_F(AuditTest, FindsItemsTextsAndWordsOfOtherScripts) {
  write("en", twenty("en"));
  write("de", twenty("de", [](int idx, json& item) {
          if (idx == 1)
            item["premise"] = "Ребёнок увидел большую собаку во дворе.", item["choice1"] = "Он очень испугался.";
          if (idx == 2) item["choice2"] = "Очень.";
          if (idx == 3) item["choice2"] = "Die К\xD0\xB0tze lief.";
          if (idx == 5) item["choice2"] = "Die K\xD0\xB0tze schlief.";
        }));
  EXPECT_THAT(
      found("script"),
      ElementsAre(AllOf(Field(&Finding::severity, Severity::warning), Field(&Finding::items, ElementsAre("1"))),
                  AllOf(Field(&Finding::severity, Severity::warning), Field(&Finding::items, ElementsAre("3", "5"))),
                  AllOf(Field(&Finding::severity, Severity::note), Field(&Finding::items, ElementsAre("2")))));
}

TEST_F(AuditTest, TellsGoldThatIsMostlyOrAlwaysInOnePlace) {
  const auto gold = [&](int first) {
    for (const char* language : {"en", "de"})
      write(language, twenty(language, [&](int idx, json& item) { item["label"] = idx < first ? 0 : 1; }));
    return found("gold_place");
  };
  EXPECT_THAT(gold(10), IsEmpty());
  EXPECT_THAT(gold(14), IsEmpty()) << "14 of 20 have p = 0.12";
  const std::vector<Finding> mostly = gold(17);
  ASSERT_THAT(mostly, SizeIs(1));
  EXPECT_EQ(mostly[0].severity, Severity::warning);
  EXPECT_THAT(mostly[0].message, HasSubstr("in 17, 3 items (p = 0.0026")) << "2 · Σ C(20, k) / 2^20, k = 0…3";
  EXPECT_THAT(gold(20), ElementsAre(Field(&Finding::severity, Severity::error)));
}

TEST_F(AuditTest, TellsGoldThatIsKnownByItsLength) {
  write("en", twenty("en"));
  write("de", twenty("de", [](int idx, json& item) {
          if (idx < 18)
            item[item["label"] == 0 ? "choice1" : "choice2"] =
                "Das war im langen, langen Winter " + std::to_string(idx) + ".";
        }));
  const std::vector<Finding> findings = found("gold_length");
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].language, "de");
  EXPECT_THAT(findings[0].message, HasSubstr("the longest option in 19 of the 20 items that have one: 95 % [76, 99]"));
}

TEST_F(AuditTest, TellsExamplesThatAreAskedThemselves) {
  for (const char* language : {"en", "de"}) write(language, twenty(language));
  spec.shots.count = 3;
  EXPECT_THAT(found("shots"),
              ElementsAre(AllOf(Field(&Finding::severity, Severity::warning), Field(&Finding::count, 4u))))
      << "the first three, and the fourth for them";

  // Another split, in which an item asks what one of the test asks, but only in German.
  std::vector<json> english, german = {twenty("de")[9]};
  for (int idx = 100; idx < 104; ++idx) english.push_back(xcopa(idx));
  for (int idx = 101; idx < 104; ++idx) german.push_back(xcopa(idx, "Anders " + std::to_string(idx) + "."));
  german[0]["idx"] = 100;
  german[0]["label"] = 0;
  write_text("en", lines_of(english), "train");
  write_text("de", lines_of(german), "train");
  spec.shots.split = "train";
  EXPECT_THAT(found("shots"), ElementsAre(AllOf(Field(&Finding::items, ElementsAre("100")), Field(&Finding::of, 4u))));
  EXPECT_THAT(found("shots")[0].message, HasSubstr("1 of 4 items that serve as few-shot examples are asked"));
  german[0] = xcopa(100, "Etwas anderes.");
  write_text("de", lines_of(german), "train");
  EXPECT_THAT(found("shots"), IsEmpty());
}

TEST_F(AuditTest, TellsItemsThatAreTheirOwnExamples) {
  for (const char* language : {"en", "de"}) write(language, twenty(language));
  spec.shots.count = 19;
  spec.shots.lm_eval = LmEvalShots::drawn_blindly;
  const std::vector<Finding> findings = found("shots");
  ASSERT_THAT(findings, SizeIs(2));
  EXPECT_EQ(findings[0].count, 20u);
  EXPECT_THAT(findings[1].message, HasSubstr("among their own few-shot examples"));
  EXPECT_GT(findings[1].count, 10u) << "each is one of 19 of 20";
}

TEST_F(AuditTest, LooksAtTheAskedItemsOnly) {
  write("en", twenty("en"));
  write("de", twenty("de", [](int idx, json& item) {
          item["question"] = idx == 1 || idx == 12 ? "effect" : item["question"];
        }));
  spec.choice.limit = 5;
  EXPECT_THAT(found("question"), Contains(Field(&Finding::items, ElementsAre("1"))));
  spec.choice = {.ids = {"12"}};
  EXPECT_THAT(found("question"), Contains(Field(&Finding::items, ElementsAre("12"))));
  spec.choice = {.ids = {"none"}};
  EXPECT_THAT(found("files"), ElementsAre(Field(&Finding::message, HasSubstr("has no item \"none\""))));
}

TEST_F(AuditTest, WithoutAModelSaysThatTokensWereNotChecked) {
  for (const char* language : {"en", "de"}) write(language, twenty(language));
  const std::vector<std::string> left_out = audited().left_out;
  ASSERT_THAT(left_out, SizeIs(1));
  EXPECT_THAT(left_out[0], HasSubstr("without a tokenizer"));
}

/// Twelve sentences in three files, and open questions.
class PlainTextsAudit : public test::FolderTest {
 protected:
  using Sentences = std::vector<std::string>;
  PlainTextsAudit() {
    write("en", english);
    write("fr", french);
    write("de", german);
    temporary.write("questions/en.jsonl", R"({"id": "a", "prompt": "What is it?", "answers": ["this"]})");
    temporary.write("questions/fr.jsonl", R"({"id": "a", "prompt": "???", "answers": ["cela"]})");
  }
  static Sentences twelve(const std::string& words) {
    Sentences sentences;
    for (int i = 0; i < 12; ++i) sentences.push_back(words + " " + std::to_string(100 + i) + ".");
    return sentences;
  }
  void write(const std::string& language, const Sentences& sentences) const {
    std::string text;
    for (const std::string& sentence : sentences) text += sentence + "\n";
    temporary.write("flores/" + language + ".dev", text);
  }
  /// "fr repeated: 3, 4"
  std::vector<std::string> found() const {
    const CorpusSpec corpus{.data = folder / "flores", .split = "dev", .languages = {"fr"}};
    Experiment experiment{.model = folder / "model", .pivot = "en"};
    experiment.translations = {{.text = corpus, .target = "de", .shots = 1}};
    experiment.open_answers = GenerateSpec{.data = folder / "questions", .languages = {"fr"}};
    std::vector<std::string> all;
    for (const Finding& finding : audit(experiment).findings)
      all.push_back(fmt::format("{}, {} {}: {}", finding.task, finding.language, finding.check, join(finding.items)));
    return all;
  }

  Sentences english = twelve("The cat is number"), french = twelve("Le chat porte le"),
            german = twelve("Die Katze hat");
};

TEST_F(PlainTextsAudit, LooksAtSentencesAndAtPrompts) { EXPECT_THAT(found(), ElementsAre("generate, fr blank: a")); }

TEST_F(PlainTextsAudit, TellsSentencesThatRepeatAreNotTranslatedOrHaveSlipped) {
  french[0] = english[0];  // the example, which is not asked
  french[4] = english[4];
  french[6] = french[5];
  french[8] += " Et il dort, comme tous les chats de cette rue qui n'ont pas de nom et pas de maison, jusqu'au soir.";
  german[9] = "Это кошка номер девять.";
  write("fr", french);
  write("de", german);
  EXPECT_THAT(found(), testing::UnorderedElementsAre("translate de, fr repeated: 5, 6",
                                                     "translate de, fr untranslated: 4", "translate de, fr length: 8",
                                                     "translate de, de script: 9", "generate, fr blank: a"));
}

TEST_F(PlainTextsAudit, TellsFilesThatAreNotParallelOrNotThere) {
  french.pop_back();
  write("fr", french);
  std::filesystem::remove(folder / "flores/de.dev");
  EXPECT_THAT(found(), Contains("translate de,  files: "));
  EXPECT_THAT(found(), Contains("translate de, de files: "));
}

}  // namespace
}  // namespace tertium
