#include "tertium/analysis/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/files.h"

namespace tertium {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsNan;
using testing::Key;
using testing::SizeIs;

/// Results of xcopa in loglik, English and Italian; an item's scores are 1 where the answer fell, 0 elsewhere.
class Summary : public test::FolderTest {
 protected:
  static constexpr std::size_t kGold = 1;

  void answer(const std::string& language, const std::string& item, bool right,
              const std::string& protocol = "loglik") {
    for (int option : {0, 1})
      store.add(ScoreRow{"xcopa", language, item, protocol, option, (option == kGold) == right ? 1.0 : 0.0, 2,
                         option == kGold});
  }
  /// Items named by how they transfer.
  void answer_all_four() {
    for (const std::string item : {"ts", "tf", "fs", "ff"}) answer("en", item, item[0] == 't');
    for (const std::string item : {"ts", "tf", "fs", "ff"}) answer("it", item, item[1] == 's');
  }
  void align(const std::string& item, int layer, double value, const std::string& stream = "resid") {
    store.add(AlignmentRow{"xcopa", "it", item, "dali", stream, layer, value});
  }
  void patch(const std::string& item, const std::string& control, int block, bool right, int draw = 0) {
    for (int option : {0, 1})
      store.add(PatchRow{"xcopa", "it", item, "loglik", "fix", "resid_post", block, "last", control, draw,
                         donor_of(item, control), option, (option == kGold) == right ? 1.0 : 0.0});
  }
  /// Another item that is known, or the item itself.
  static std::string donor_of(const std::string& item, const std::string& control) {
    return control == "main" || item == "ts" ? item : "ts";
  }
  /// One option's score of an item patched with itself.
  void patch_with_itself(const std::string& item, int option, double score) {
    store.add(PatchRow{"xcopa", "it", item, "loglik", "fix", "resid_post", 0, "last", "self", 0, item, option, score});
  }

  LanguageSummary italian() const { return summarize(store).at(0).languages.at(1); }

  Store store = Store::create(folder / "results", false);
};

/// The tables' first: how many changed, by control and block.
std::map<std::string, std::vector<Rate>> flips_of(const LanguageSummary& language) {
  std::map<std::string, std::vector<Rate>> flips;
  for (std::size_t t = 0; t < std::min<std::size_t>(1, language.patches.size()); ++t)
    for (const auto& [control, blocks] : language.patches[t].effects)
      for (const auto& [block, effect] : blocks) flips[control].push_back(effect.changed);
  return flips;
}
std::size_t patched_of(const LanguageSummary& language) {
  return language.patches.empty() ? 0 : language.patches.front().items;
}

void expect_rate(const Rate& rate, std::size_t hits, std::size_t n) {
  EXPECT_EQ(rate.hits, hits);
  EXPECT_EQ(rate.n, n);
}

TEST_F(Summary, CountsTransfersByBothAnswers) {
  answer_all_four();
  answer("en", "tf2", true);
  answer("it", "tf2", false);
  for (const std::string item : {"ff2", "ff3"})
    for (const std::string language : {"en", "it"}) answer(language, item, false);
  const TaskSummary summary = summarize(store).at(0);
  EXPECT_EQ(summary.task, "xcopa");
  EXPECT_EQ(summary.protocol, "loglik");
  EXPECT_EQ(summary.pivot, "en");
  EXPECT_EQ(summary.items, 7u);
  const LanguageSummary it = italian();
  EXPECT_EQ(it.language, "it");
  EXPECT_EQ(it.ts, 1u);
  EXPECT_EQ(it.tf, 2u);
  EXPECT_EQ(it.fs, 1u);
  EXPECT_EQ(it.ff, 3u);
  expect_rate(it.accuracy, 2, 7);
}

TEST_F(Summary, OfThePivotIsItsAccuracyAlone) {
  answer_all_four();
  const LanguageSummary en = summarize(store).at(0).languages.at(0);
  EXPECT_EQ(en.language, "en");
  expect_rate(en.accuracy, 2, 4);
  EXPECT_EQ(en.ts + en.tf + en.fs + en.ff, 0u);
  EXPECT_THAT(flips_of(en), IsEmpty());
}

TEST_F(Summary, EqualScoresAnswerTheFirstOption) {
  for (const std::string language : {"en", "it"})
    for (int option : {0, 1})
      store.add(ScoreRow{"xcopa", language, "1", "loglik", option, -3, 1, option == (language == "it")});
  EXPECT_EQ(italian().tf, 1u) << "gold is 0 in English and 1 in Italian here";
}

TEST_F(Summary, TakesThePivotFromTheRunsInfo) {
  answer_all_four();
  store.set_info("pivot", "it");
  const LanguageSummary en = summarize(store).at(0).languages.at(0);
  EXPECT_EQ(en.language, "en");
  EXPECT_EQ(en.tf, 1u) << "right in Italian, wrong in English: fs";
}

TEST_F(Summary, WithoutThePivotsScoresIsRefused) {
  answer("it", "1", true);
  EXPECT_EQ(test::error_of([&] { summarize(store); }), "the results hold no scores of xcopa in the pivot language en");
}

TEST_F(Summary, KeepsProtocolsApart) {
  answer_all_four();
  for (const std::string language : {"en", "it"}) answer(language, "ts", language == "en", "letters");
  patch("tf", "main", 0, true);
  const std::vector<TaskSummary> summaries = summarize(store);
  ASSERT_THAT(summaries, SizeIs(2));
  EXPECT_EQ(summaries[1].protocol, "letters");
  EXPECT_EQ(summaries[1].languages.at(1).tf, 1u);
  EXPECT_EQ(patched_of(summaries[1].languages.at(1)), 0u);
  EXPECT_EQ(patched_of(summaries[0].languages.at(1)), 1u);
}

TEST_F(Summary, AlignmentIsTheMeanOverTsAndOverTfByLayer) {
  answer_all_four();
  answer("en", "ts2", true);
  answer("it", "ts2", true);
  for (int layer : {0, 1}) {
    align("ts", layer, 1);
    align("ts2", layer, layer);
    align("tf", layer, 0.25);
    align("fs", layer, 100);  // neither
    align("ff", layer, 100);
  }
  for (const std::string item : {"ts", "ts2", "tf"}) align(item, 1, 7, "final_norm");
  const LanguageSummary it = italian();
  ASSERT_THAT(it.alignment, ElementsAre(Key("dali")));
  EXPECT_THAT(it.alignment.at("dali").ts, ElementsAre(0.5, 1, 7)) << "the final norm comes last";
  EXPECT_THAT(it.alignment.at("dali").tf, ElementsAre(0.25, 0.25, 7));
}

TEST_F(Summary, AlignmentOfNoItemsIsNotANumber) {
  answer("en", "ts", true);
  answer("it", "ts", true);
  align("ts", 0, 1);
  EXPECT_THAT(italian().alignment.at("dali").ts, ElementsAre(1));
  EXPECT_THAT(italian().alignment.at("dali").tf, ElementsAre(IsNan()));
}

TEST_F(Summary, CountsFlipsByControlAndBlock) {
  answer_all_four();
  answer("en", "tf2", true);
  answer("it", "tf2", false);
  for (const std::string item : {"tf", "tf2"}) {
    patch(item, "main", 0, false);
    patch(item, "main", 1, item == "tf2");
    for (int draw : {0, 1}) patch(item, "same_gold", 0, item == "tf" && draw == 1, draw);
  }
  const LanguageSummary it = italian();
  ASSERT_THAT(flips_of(it), ElementsAre(Key("main"), Key("same_gold")));
  ASSERT_THAT(flips_of(it).at("main"), SizeIs(2));
  expect_rate(flips_of(it).at("main")[0], 0, 2);
  expect_rate(flips_of(it).at("main")[1], 1, 2);
  ASSERT_THAT(flips_of(it).at("same_gold"), SizeIs(1));
  expect_rate(flips_of(it).at("same_gold")[0], 1, 4);
  EXPECT_EQ(flips_of(it).at("same_gold")[0].value, 0.25);
  EXPECT_THAT(flips_of(it).at("same_gold")[0].low, IsNan()) << "draws of one item say the same thing again";
  EXPECT_THAT(flips_of(it).at("same_gold")[0].high, IsNan());
  EXPECT_LT(flips_of(it).at("main")[0].high, 1) << "one draw an item: Wilson's";
  EXPECT_EQ(patched_of(it), 2u);
  EXPECT_EQ(it.patches.at(0).without_donor, 0u);
}

TEST_F(Summary, FlipsAreThoseOfTfItemsOnly) {
  answer_all_four();
  for (const std::string item : {"ts", "tf", "fs", "ff"}) patch(item, "main", 0, true);
  expect_rate(flips_of(italian()).at("main").at(0), 1, 1);
  EXPECT_EQ(patched_of(italian()), 1u);
}

TEST_F(Summary, NoiseFloorIsTheLargestChangeBySelf) {
  answer_all_four();
  patch("tf", "main", 0, true);
  EXPECT_LT(summarize(store).at(0).noise_floor, 0) << "there was no self control";
  patch_with_itself("tf", 0, 1.0);
  patch_with_itself("tf", 1, -0.25);  // the clean scores are 1 and 0
  patch_with_itself("ts", 0, 0);      // its clean scores are 0 and 1
  patch_with_itself("ts", 1, 1.125);
  EXPECT_EQ(summarize(store).at(0).noise_floor, 0.25);
  patch_with_itself("fs", 0, 0.5);
  patch_with_itself("fs", 1, 1);
  EXPECT_EQ(summarize(store).at(0).noise_floor, 0.5) << "items that do not count as flips show faults too";
}

TEST_F(Summary, CountsItemsThatHadNoDonor) {
  answer_all_four();
  for (const std::string item : {"tf2", "tf3"}) {
    answer("en", item, true);
    answer("it", item, false);
  }
  for (const std::string item : {"tf", "tf2", "tf3"})
    for (int block : {0, 1}) patch(item, "main", block, false);
  store.set_info("controls", "main same_gold");
  for (int block : {0, 1}) patch("tf", "same_gold", block, false);
  EXPECT_EQ(italian().patches.at(0).without_donor, 2u);
}

/// One patched run of an item, with its scores of both options.
class Readings : public Summary {
 protected:
  void patched(const std::string& direction, const std::string& item, const std::string& control,
               const std::string& donor, std::vector<double> scores) {
    for (int option : {0, 1})
      store.add(PatchRow{"xcopa", "it", item, "loglik", direction, "mlp_out", 2, "last", control, 0, donor, option,
                         scores[option]});
  }
  Effect effect(const std::string& control) const { return italian().patches.at(0).effects.at(control).at(2); }
};

TEST_F(Readings, OfKeepBreakAndSpoilAreHarm) {
  answer_all_four();
  for (const auto& [direction, item] :
       {std::pair("keep", "ts"), std::pair("break", "tf"), std::pair("spoil", "fs"), std::pair("lift", "fs")})
    patched(direction, item, "main", item, {1, 0});
  const std::vector<PatchTable> tables = italian().patches;
  ASSERT_THAT(tables, SizeIs(4));
  for (const PatchTable& table : tables)
    expect_rate(table.effects.at("main").at(2).changed, table.key.direction == "lift" ? 0 : 1, 1);
}

TEST_F(Readings, OfADirectionAreThoseOfItsOwnItems) {
  answer_all_four();
  for (const std::string item : {"ts", "tf", "fs", "ff"}) patched("lift", item, "main", item, {0, 1});
  EXPECT_EQ(italian().patches.at(0).items, 1u);
  expect_rate(effect("main").changed, 1, 1);
}

TEST_F(Readings, TellCopiesOfTheDonorsGoldApart) {
  answer_all_four();
  for (const std::string language : {"en", "it"})
    for (int option : {0, 1}) store.add(ScoreRow{"xcopa", language, "gold 0", "loglik", option, -3, 1, option == 0});
  patched("keep", "ts", "other_gold", "gold 0", {1, 0});
  patched("keep", "ts", "same_gold", "ts", {1, 0});
  expect_rate(effect("other_gold").copied, 1, 1);
  expect_rate(effect("other_gold").changed, 1, 1);
  expect_rate(effect("same_gold").copied, 0, 0);
}

TEST_F(Readings, OfAnAnswerGivenBeforeAreNoCopy) {
  answer_all_four();
  for (const std::string language : {"en", "it"})
    for (int option : {0, 1}) store.add(ScoreRow{"xcopa", language, "gold 0", "loglik", option, -3, 1, option == 0});
  patched("fix", "tf", "other_gold", "gold 0", {1, 0});
  expect_rate(effect("other_gold").copied, 0, 0);
}

TEST_F(Summary, OfEveryRuleStandsBesideTheOneThatDecides) {
  // By the sum the wrong option, by character and by byte the right one.
  for (const std::string protocol : {"loglik", "loglik:norm"})
    for (const std::string language : {"en", "it"})
      for (int option : {0, 1})
        store.add(ScoreRow{"xcopa", language, "1", protocol, option, -2.0 - option, 2, option == kGold, 1 + 3 * option,
                           1 + 3 * option});
  const std::vector<TaskSummary> tasks = summarize(store);
  ASSERT_THAT(tasks, SizeIs(2));
  EXPECT_EQ(tasks[0].rule, "acc");
  EXPECT_EQ(tasks[1].rule, "acc_norm");
  EXPECT_EQ(tasks[0].languages[1].accuracy.value, 0);
  EXPECT_EQ(tasks[0].languages[1].ff, 1u);
  EXPECT_EQ(tasks[1].languages[1].accuracy.value, 1);
  EXPECT_EQ(tasks[1].languages[1].ts, 1u);
  for (const TaskSummary& task : tasks) {
    EXPECT_EQ(task.languages[1].by_rule.at("acc").value, 0);
    EXPECT_EQ(task.languages[1].by_rule.at("acc_norm").value, 1);
    EXPECT_EQ(task.languages[1].by_rule.at("acc_bytes").value, 1);
  }
}

TEST_F(Readings, OfAPatchGoByTheRuleOfItsProtocol) {
  // Clean, by character: -2 and -3/2 in English (right), -1 and -6/2 in Italian (wrong).
  const auto length = [](int option) { return 1 + option; };
  for (int option : {0, 1}) {
    store.add(ScoreRow{"xcopa", "en", "1", "loglik:norm", option, option == 0 ? -2.0 : -3.0, 2, option == kGold,
                       length(option), length(option)});
    store.add(ScoreRow{"xcopa", "it", "1", "loglik:norm", option, option == 0 ? -1.0 : -6.0, 2, option == kGold,
                       length(option), length(option)});
    store.add(PatchRow{"xcopa", "it", "1", "loglik:norm", "fix", "resid_post", 0, "last", "main", 0, "1", option,
                       option == 0 ? -2.5 : -4.0});
  }
  const LanguageSummary italian = summarize(store).at(0).languages.at(1);
  const Effect effect = italian.patches.at(0).effects.at("main").at(0);
  EXPECT_EQ(effect.changed.hits, 1u) << "-4/2 is more than -2.5, though -4 is less";
  EXPECT_DOUBLE_EQ(effect.recovery, (0.5 - -2.0) / (0.5 - -2.0));
}

TEST_F(Readings, RecoveryIsTheShareOfTheWayToTheDonorsMargin) {
  answer_all_four();                               // tf: margin -1 in Italian, 1 in English
  patched("fix", "tf", "main", "tf", {1, 0.5});    // -0.5
  patched("fix", "tf", "random", "ts", {0.5, 2});  // 1.5
  EXPECT_DOUBLE_EQ(effect("main").recovery, 0.25);
  EXPECT_DOUBLE_EQ(effect("random").recovery, 1.25);
}

TEST_F(Readings, RecoveryIsARatioOfSums) {
  answer_all_four();
  // Next to no way to go: a ratio of its own would be 10,000.
  for (int option : {0, 1}) {
    const bool is_gold = option == kGold;
    store.add(ScoreRow{"xcopa", "en", "near", "loglik", option, is_gold ? 1e-4 : 0, 2, is_gold});
    store.add(ScoreRow{"xcopa", "it", "near", "loglik", option, 0, 2, is_gold});
  }
  patched("fix", "tf", "main", "tf", {1, 0.5});  // 0.5 of 2
  patched("fix", "near", "main", "near", {0, 1});
  EXPECT_NEAR(effect("main").recovery, 1.5 / 2.0001, 1e-12);
}

TEST_F(Readings, RecoveryIsUnknownWhereThereIsNoWayToGo) {
  for (int option : {0, 1})
    for (const std::string language : {"en", "it"})
      store.add(ScoreRow{"xcopa", language, "tf", "loglik", option, language == "en" && option == kGold ? 1e-6 : 0, 2,
                         option == kGold});
  patched("fix", "tf", "main", "tf", {0, 1});
  EXPECT_THAT(effect("main").recovery, IsNan());
}

// Of one item that draws twice and one that draws once, each counts as much.
TEST_F(Readings, OfARateAreMeansOverItemsOfTheirDraws) {
  answer_all_four();
  answer("en", "tf2", true);
  answer("it", "tf2", false);
  for (int draw : {0, 1}) patch("tf", "random", 2, false, draw);
  patch("tf2", "random", 2, true);
  const Rate changed = italian().patches.at(0).effects.at("random").at(2).changed;
  expect_rate(changed, 1, 3);
  EXPECT_EQ(changed.value, 0.5);
  EXPECT_THAT(changed.low, IsNan());
}

TEST_F(Readings, OfRowsThatDoNotFitTheAnswersAreErrors) {
  answer_all_four();
  store.add(PatchRow{"xcopa", "it", "tf", "loglik", "fix", "mlp_out", 2, "last", "main", 0, "tf", 0, 1});
  EXPECT_THAT(test::error_of([&] { italian(); }),
              HasSubstr("patches: item \"tf\" has 1 options under main at block 2, but 2 clean"));
  store.add(PatchRow{"xcopa", "it", "tf", "loglik", "fix", "mlp_out", 2, "last", "main", 0, "tf", 99, 1});
  EXPECT_THAT(test::error_of([&] { italian(); }),
              HasSubstr("patches: option 99 of item \"tf\" stands where option 1 belongs"));
}

TEST_F(Summary, ItemsWithIdenticalOptionsThatAreNoListAreRefusedInOneLine) {
  answer_all_four();
  for (const char* odd : {"[\"ts\"", "{\"ts\": \"ts\"}", "[1]", "\"ts\"", ""}) {
    store.set_info("identical_options xcopa loglik it", odd);
    EXPECT_THAT(test::error_of([&] { summarize(store); }), HasSubstr("loglik it\" is no list of ids")) << odd;
  }
  store.add(ScoreRow{"two\nlines", "en", "ts", "loglik", 0, 1.0, 2, true});
  store.set_info("identical_options xcopa loglik it", "[]");
  store.set_info("identical_options two\nlines loglik en", "1");
  EXPECT_THAT(test::error_of([&] { summarize(store); }), HasSubstr("is no list of ids"));
}

TEST_F(Summary, AlignmentThatSkipsLayersIsRefused) {
  answer_all_four();
  align("ts", 0, 1);
  align("ts", 2'000'000'000, 1);
  EXPECT_THAT(test::error_of([&] { italian(); }),
              HasSubstr("alignment: dali has layer 2000000000, but 2 layers in all"));
}

TEST_F(Summary, AlignmentWithTheNormInPlaceOfALayerIsRefused) {
  answer_all_four();
  for (const int layer : {0, 1}) align("ts", layer, 1);
  align("ts", 0, 1, "final_norm");
  EXPECT_THAT(test::error_of([&] { italian(); }), HasSubstr("dali of xcopa it has layer 0 in two streams"));
}

}  // namespace
}  // namespace tertium
