#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tertium/tasks/json_lines.h"
#include "tertium/tasks/task.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;
using test::shared_folder;
using testing::ElementsAre;
using testing::HasSubstr;

JsonLine line_of(std::string_view premise, std::string_view choice1, std::string_view choice2,
                 std::string_view question) {
  return {{{"premise", premise},
           {"choice1", choice1},
           {"choice2", choice2},
           {"question", question},
           {"label", 1},
           {"idx", 7}},
          "val.jsonl:1"};
}

Item english() {
  return task_named("xcopa").item(line_of("The man woke up.", "The alarm rang.", "The sun set.", "cause"), "en");
}

std::string error_with(std::string_view field, const nlohmann::json& value) {
  JsonLine line = line_of("The man woke up.", "The alarm rang.", "The sun set.", "cause");
  line.value[std::string(field)] = value;
  return error_of([&] { task_named("xcopa").item(line, "en"); });
}

TEST(Xcopa, WritesContextAndOptionsAsOneSentence) {
  const Item item = english();
  EXPECT_EQ(item.id, "7");
  EXPECT_EQ(item.gold, 1u);
  EXPECT_EQ(item.context, "The man woke up because");
  EXPECT_THAT(item.options, ElementsAre(" the alarm rang.", " the sun set."));
  EXPECT_EQ(item.statement_context, item.context);
  EXPECT_EQ(item.statement_options, item.options);
  EXPECT_EQ(item.premise, "The man woke up.");
  EXPECT_THAT(item.choices, ElementsAre("The alarm rang.", "The sun set."));
}

TEST(Xcopa, StripsThePremiseForTheContextOnly) {
  const Item item = task_named("xcopa").item(line_of(" The man woke up. ", "A.", "B.", "effect"), "en");
  EXPECT_EQ(item.context, "The man woke up therefore");
  EXPECT_EQ(item.premise, " The man woke up. ");
}

TEST(Xcopa, LowersTheFirstLetterByTheFullUnicodeRule) {
  // Turkish İ becomes i and a combining dot, as Python's lower() has it.
  const Item item =
      task_named("xcopa").item(line_of("Adam uyandı.", "İnsanlar geldi.", "Ördek kaçtı.", "effect"), "tr");
  EXPECT_EQ(item.context, "Adam uyandı bu yüzden");
  EXPECT_THAT(item.options, ElementsAre(" i\u0307nsanlar geldi.", " ördek kaçtı."));
}

TEST(Xcopa, DropsTheLastCharacterWhateverItIs) {
  EXPECT_EQ(task_named("xcopa").item(line_of("他醒了。", "甲。", "乙。", "cause"), "zh").context, "他醒了 因为");
  // Thai writes no full stop, so a letter goes; the published evaluations do the same.
  EXPECT_EQ(task_named("xcopa").item(line_of("เขาตื่น", "ก", "ข", "effect"), "th").context, "เขาตื่ ดังนั้น");
}

TEST(Xcopa, FixedDropsOnlyPunctuation) {
  const auto context = [](std::string_view premise, const std::string& language) {
    return task_named("xcopa").item_by(line_of(premise, "ก", "ข", "effect"), language, {.fixed = true}).context;
  };
  EXPECT_EQ(context("เขาตื่น", "th"), "เขาตื่น ดังนั้น");
  EXPECT_EQ(context("他醒了。", "zh"), "他醒了 所以");
  EXPECT_EQ(context("He woke up. ", "en"), "He woke up therefore");
}

TEST(Xcopa, StudysStatementsHaveOneConnectorInEnglishAndChinese) {
  const auto statement = [](const std::string& language, std::string_view question) {
    const Item item =
        task_named("xcopa").item_by(line_of("A b.", "C.", "D.", question), language, {.study_statements = true});
    return item.statement_context + item.statement_options[0];
  };
  EXPECT_EQ(statement("en", "effect"), "A b because c.");
  EXPECT_EQ(statement("en_it", "effect"), "A b because c.");
  EXPECT_EQ(statement("en_th", "cause"), "A b so c.");
  EXPECT_EQ(statement("zh", "effect"), "A b 因为 c.");
  EXPECT_EQ(statement("it", "effect"), "A b quindi c.");
  const Item item =
      task_named("xcopa").item_by(line_of("A b.", "C.", "D.", "effect"), "en", {.study_statements = true});
  EXPECT_EQ(item.context, "A b therefore") << "what is scored stays";
}

TEST(Xcopa, CategoryIsTheQuestionUnlessTheFileNamesOne) {
  EXPECT_EQ(english().category, "cause");
  JsonLine line = line_of("The man woke up.", "A.", "B.", "effect");
  line.value["category"] = "daily life";
  EXPECT_EQ(task_named("xcopa").item(line, "en").category, "daily life");
  EXPECT_EQ(task_named("xcopa").item(line, "en").context, "The man woke up therefore")
      << "the question alone picks the connector";
}

std::vector<std::string> files(const std::string& language, const std::string& split) {
  std::vector<std::string> paths;
  for (const ItemFile& file : task_named("xcopa").files("data", language, split)) paths.push_back(file.path.string());
  return paths;
}

TEST(Xcopa, FindsItsFileBySplitAndLanguage) {
  EXPECT_THAT(files("it", ""), ElementsAre("data/it/val.it.jsonl"));
  EXPECT_THAT(files("it", "test"), ElementsAre("data/it/test.it.jsonl"));
}

TEST(Xcopa, ReadsTranslationTestSetsAsEnglish) {
  EXPECT_THAT(files("en_it", "test"), ElementsAre("data/it/test.en_it.jsonl"));
  EXPECT_EQ(task_named("xcopa").item(line_of("The man woke up.", "A.", "B.", "cause"), "en_it").context,
            "The man woke up because");
}

TEST(Xcopa, ReadsEnglishFromCopasOwnFiles) {
  EXPECT_THAT(files("en", ""), ElementsAre("data/en/val.en.jsonl", "data/en/copa-dev.xml"));
  EXPECT_THAT(files("en", "test"), ElementsAre("data/en/test.en.jsonl", "data/en/copa-test.xml"));
  const auto item = [](int id) {
    return fmt::format(
        "<item id=\"{0}\" asks-for=\"cause\" most-plausible-alternative=\"2\"><p>The man woke up.</p>"
        "<a1>The sun set.</a1><a2>The alarm rang ({0}).</a2></item>",
        id);
  };
  const test::TempFolder folder;
  folder.write("en/copa-dev.xml", "<copa-corpus>" + item(400) + item(401) + item(500) + "</copa-corpus>");
  const std::vector<Item> items = read_items(task_named("xcopa"), folder.path(), "en", "");
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].id, "0");
  EXPECT_EQ(items[1].id, "99");
  EXPECT_EQ(items[0].gold, 1u);
  EXPECT_EQ(items[0].context + items[0].options[1], "The man woke up because the alarm rang (401).");
  EXPECT_EQ(items[0].fields.at("choice2"), "The alarm rang (401).") << "for a prompt template";
}

TEST(Xcopa, SaysWhatEnglishIsWhereItIsMissing) {
  const test::TempFolder folder;
  folder.write("it/val.it.jsonl", "");
  const auto error = [&](const std::string& language) {
    return error_of([&] { read_items(task_named("xcopa"), folder.path(), language, ""); });
  };
  EXPECT_THAT(error("en"), HasSubstr("en/val.en.jsonl: no such file, nor copa-dev.xml; xcopa looks there for language "
                                     "\"en\"; XCOPA has no English of its own: put COPA's copa-dev.xml"));
  EXPECT_THAT(error("en_US"), HasSubstr("\"en_US\" means the English translation of the items in folder US"));
  EXPECT_THAT(error("zh"), testing::EndsWith("; " + folder.path().string() + " holds it"));
}

TEST(Xcopa, RefusesALanguageWithoutConnectors) {
  const std::string error =
      error_of([] { task_named("xcopa").item(line_of("Hun våknet.", "A.", "B.", "cause"), "no"); });
  EXPECT_THAT(error, HasSubstr("val.jsonl:1: xcopa has no words for \"because\" and \"therefore\" in language \"no\""));
  EXPECT_THAT(error, HasSubstr("ar, de, en, es, et, fr, hi, ht, id, it, qu, sw, ta, th, tr, vi, zh"));
  EXPECT_THAT(error, HasSubstr("\"items\" takes any language"));
}

TEST(Xcopa, RefusesFieldsOutOfRange) {
  EXPECT_THAT(error_with("question", "why"), HasSubstr("field \"question\" is \"why\"; expected cause or effect"));
  EXPECT_THAT(error_with("label", 2), HasSubstr("field \"label\" is 2; expected a whole number from 0 to 1"));
  EXPECT_THAT(error_with("idx", -1), HasSubstr("field \"idx\" is -1; expected a whole number from 0 on"));
  EXPECT_THAT(error_with("premise", ""), HasSubstr("field \"premise\" is empty"));
  EXPECT_THAT(error_with("choice2", nullptr), HasSubstr("field \"choice2\" is null; expected text"));
}

TEST(XcopaData, AllLanguagesAreParallelToEnglish) {
  SKIP_WITHOUT_SHARED();
  const auto data = shared_folder() / "data" / "xcopa";
  const std::vector<Item> pivot = read_items(task_named("xcopa"), data, "en", "val");
  EXPECT_EQ(pivot.size(), 100u);
  for (const char* language : {"et", "ht", "id", "it", "qu", "sw", "ta", "th", "tr", "vi", "zh"})
    EXPECT_EQ(parallel_to(pivot, read_items(task_named("xcopa"), data, language, "")).size(), 100u) << language;
}

TEST(XcopaData, TranslatedTestSetsAreParallelToTheirSource) {
  SKIP_WITHOUT_SHARED();
  const auto data = shared_folder() / "data" / "xcopa";
  for (const std::string language : {"id", "it", "sw", "th", "vi", "zh"}) {
    const std::vector<Item> source = read_items(task_named("xcopa"), data, language, "test");
    EXPECT_EQ(parallel_to(source, read_items(task_named("xcopa"), data, "en_" + language, "test")).size(), 500u)
        << language;
  }
}

TEST(XcopaData, StringsAreThoseThatPythonMakes) {
  SKIP_WITHOUT_SHARED();
  const auto data = shared_folder() / "data" / "xcopa";
  const auto first = [&](const std::string& language) {
    return read_items(task_named("xcopa"), data, language, "val").front();
  };
  EXPECT_EQ(first("en").context + first("en").options[1],
            "The man turned on the faucet therefore water flowed from the spout.");
  EXPECT_EQ(first("zh").context + first("zh").options[0], "那人打开水龙头 所以 厕所里满是水。");
  EXPECT_EQ(first("th").context, "ผู้ชายเปิดก๊อกนํ้ ดังนั้น");
}

}  // namespace
}  // namespace tertium
