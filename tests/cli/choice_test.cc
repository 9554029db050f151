// Which items are asked, and which of them can have an answer, as the real program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tertium/store/store.h"
#include "tests/support/small_experiment.h"

namespace tertium {
namespace {

using nlohmann::json;
using test::Finished;
using test::output_of;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

class Choice : public test::SmallExperiment {
 protected:
  template <class Row>
  static std::set<std::string> items_of(const std::vector<Row>& rows) {
    std::set<std::string> items;
    for (const Row& row : rows) items.insert(row.item);
    return items;
  }

  /// German's first item, which is too long for the model.
  void lengthen_first() const {
    std::string context;
    for (int word = 0; word < tiny.context; ++word) context += "die ";
    replace_item("de", 1,
                 R"({"id": "rain-wet", "context": ")" + context + R"(", "options": [" nass", " trocken"], "gold": 0})");
  }
};

TEST_F(Choice, AnItemWithTwoOptionsOfOneTextIsScoredButInNoPoolAndNotPatched) {
  replace_item("de", 1,
               R"({"id": "rain-wet", "context": "die Nässe ist", "options": [" nass", " nass "], "gold": 0})");
  const Finished finished = run();
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("note: 1 item of de has two options of one text"));
  const Store store = Store::open(results);
  for (const char* protocol : {"loglik", "letters"})
    EXPECT_THAT(store.info(),
                Contains(Pair(std::string("identical_options items ") + protocol + " de", "[\"rain-wet\"]")));
  EXPECT_THAT(items_of(store.scores()), Contains("rain-wet"));
  EXPECT_THAT(items_of(store.alignment()), Contains("rain-wet"));
  EXPECT_EQ(items_of(store.patches()).size(), kItems - 1u) << "items = \"all\"";
  EXPECT_THAT(items_of(store.patches()), Not(Contains("rain-wet")));

  const json shown = json::parse(output_of({"show", results.string(), "--json"}));
  for (const json& de : shown.at("languages")) {
    if (de.at("language") != "de") continue;
    EXPECT_EQ(de.at("n"), kItems);
    EXPECT_EQ(de.at("undecided"), 1);
    EXPECT_EQ(de.at("ts").get<int>() + de.at("tf").get<int>() + de.at("fs").get<int>() + de.at("ff").get<int>(),
              kItems - 1);
  }
  EXPECT_THAT(output_of({"show", results.string()}), HasSubstr("de: 1 more with two options of one text"));
}

TEST_F(Choice, AnItemWhoseOptionsAreIdenticalInThePivotIsInNoPoolOfAnyLanguage) {
  replace_item("en", 1, R"({"id": "rain-wet", "context": "the rain is", "options": [" wet", " wet"], "gold": 0})");
  const Store store = Store::open(results_of("results"));
  EXPECT_THAT(items_of(store.patches()), Not(Contains("rain-wet")));
}

TEST_F(Choice, WhatIsTooLongIsLeftOutOfEveryLanguageAndProtocolAndCounted) {
  lengthen_first();
  const Finished finished = run({"--set", "task.too_long=leave_out"});
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_THAT(finished.out, AllOf(HasSubstr("note: 1 item is left out: too long for the model"),
                                  HasSubstr("items, letters: 19 items in en de")));
  const Store store = Store::open(results);
  EXPECT_THAT(store.info(), Contains(Pair("left_out items", "[\"rain-wet\"]")));
  EXPECT_EQ(items_of(store.scores()).size(), kItems - 1u);
  EXPECT_THAT(items_of(store.scores()), Not(Contains("rain-wet")));
  EXPECT_THAT(items_of(store.items()), Not(Contains("rain-wet")));
}

TEST_F(Choice, ATextThatBeginsWithBosGetsNoSecondOneAndIsCounted) {
  replace_item("de", 1, R"({"id": "rain-wet", "context": "<s>die Nässe ist", "options": [" nass", " trocken"], "gold": 0})");
  const Finished finished = run();
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("note: 1 item of de begins with the tokenizer's BOS already"));
  EXPECT_THAT(Store::open(results).info(), Contains(Pair("bos_in_text items loglik de", "1")));
}

TEST_F(Choice, WhatIsTooLongIsCutAndCountedByLanguage) {
  lengthen_first();
  const Finished finished = run({"--set", "task.too_long=cut"});
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("note: 1 item of de was too long and lost tokens at its beginning"));
  EXPECT_THAT(Store::open(results).info(), Contains(Pair("truncated items loglik de", "1")));
}

TEST_F(Choice, ItemsAreChosenByIdOrOffset) {
  EXPECT_THAT(items_of(Store::open(results_of("ids", {"--set", "task.ids=[\"cat-hot\", \"rain-hot\"]"})).scores()),
              ElementsAre("cat-hot", "rain-hot"));
  EXPECT_THAT(items_of(Store::open(results_of("part", {"--set", "task.offset=2", "--set", "task.limit=0.1"})).scores()),
              ElementsAre("sun-hot", "sun-wet"));
}

}  // namespace
}  // namespace tertium
