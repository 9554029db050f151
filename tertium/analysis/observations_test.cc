#include "tertium/analysis/observations.h"

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
using testing::Pair;
using testing::SizeIs;

/// Results of xcopa in loglik, English and Italian; an item's scores are 1 where the answer fell, 0 elsewhere.
class StoredObservations : public test::FolderTest {
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

  Observations read() const { return observations_of(store); }
  LanguageObservations italian() const { return read().languages.at(1); }
  /// Of the patches in Italian under one control, at one block.
  std::map<std::string, DrawCounts> draws(const std::string& control, int block) const {
    for (const PatchObservations& at : read().patches)
      if (at.control == control && at.layer == block) return {at.items.begin(), at.items.end()};
    return {};
  }

  Store store = Store::create(folder / "results", false);
};

using Kinds = std::map<std::string, Transfer>;
Kinds kinds(const LanguageObservations& language) {
  Kinds kinds;
  for (const PairedAnswer& answer : language.answers) kinds[answer.item] = answer.transfer();
  return kinds;
}

TEST_F(StoredObservations, PairEveryAnswerWithThePivots) {
  answer_all_four();
  const Observations read = this->read();
  ASSERT_THAT(read.languages, SizeIs(2));
  EXPECT_TRUE(read.languages[0].is_pivot);
  EXPECT_EQ(read.languages[1].of, (TaskLanguage{"xcopa", "loglik", "it"}));
  EXPECT_EQ(kinds(read.languages[1]),
            (Kinds{{"ts", Transfer::ts}, {"tf", Transfer::tf}, {"fs", Transfer::fs}, {"ff", Transfer::ff}}));
  for (const PairedAnswer& answer : italian().answers) {
    EXPECT_EQ(answer.margin, answer.right ? 1 : -1);
    EXPECT_EQ(answer.pivot_margin, answer.pivot_right ? 1 : -1);
    EXPECT_EQ(answer.tokens, 4) << "of both options";
    EXPECT_EQ(answer.unit, answer.item) << "none is stored";
  }
}

TEST_F(StoredObservations, HaveTheUnitsOfTheItems) {
  answer_all_four();
  store.add(ItemRow{"xcopa", "tf", "", "ts"});
  for (const PairedAnswer& answer : italian().answers) EXPECT_EQ(answer.unit, answer.item == "tf" ? "ts" : answer.item);
}

TEST_F(StoredObservations, OfEqualScoresAnswerTheFirstOption) {
  for (const std::string language : {"en", "it"})
    for (int option : {0, 1})
      store.add(ScoreRow{"xcopa", language, "1", "loglik", option, -3, 1, option == (language == "it")});
  EXPECT_EQ(kinds(italian()), (Kinds{{"1", Transfer::tf}})) << "gold is 0 in English and 1 in Italian here";
}

TEST_F(StoredObservations, TakeThePivotFromTheRunsInfo) {
  answer_all_four();
  store.set_info("pivot", "it");
  EXPECT_EQ(read().languages.at(0).of.language, "en");
  EXPECT_FALSE(read().languages.at(0).is_pivot);
  EXPECT_EQ(kinds(read().languages.at(0)).at("fs"), Transfer::tf);
}

TEST_F(StoredObservations, WithoutThePivotsScoresAreRefused) {
  answer("it", "1", true);
  EXPECT_EQ(test::error_of([&] { read(); }), "the results hold no scores of xcopa in the pivot language en");
}

TEST_F(StoredObservations, WithIdenticalOptionsThatAreNoListAreRefusedInOneLine) {
  answer_all_four();
  for (const char* odd : {"[\"ts\"", "{\"ts\": \"ts\"}", "[1]", "\"ts\"", ""}) {
    store.set_info("identical_options xcopa loglik it", odd);
    EXPECT_THAT(test::error_of([&] { read(); }), HasSubstr("loglik it\" is no list of ids")) << odd;
  }
  store.set_info("identical_options xcopa loglik it", "[\"ts\"]");
  EXPECT_TRUE(italian().answers.back().undecided);
  store.add(ScoreRow{"two\nlines", "en", "ts", "loglik", 0, 1.0, 2, true});
  store.set_info("identical_options two\nlines loglik en", "1");
  EXPECT_THAT(test::error_of([&] { read(); }), HasSubstr("is no list of ids"));
}

TEST_F(StoredObservations, KeepProtocolsApart) {
  answer_all_four();
  for (const std::string language : {"en", "it"}) answer(language, "ts", language == "en", "letters");
  patch("tf", "main", 0, true);
  ASSERT_THAT(read().languages, SizeIs(4));
  EXPECT_EQ(find(read(), {"xcopa", "letters", "it"}) != nullptr, true);
  ASSERT_THAT(read().patches, SizeIs(1));
  EXPECT_EQ(read().patches[0].of.protocol, "loglik");
}

TEST_F(StoredObservations, OfAlignmentLieByLayer) {
  answer_all_four();
  for (int layer : {0, 1})
    for (const std::string item : {"ts", "tf"}) align(item, layer, item == "ts" ? 1 : layer);
  align("ts", 1, 7, "final_norm");
  const Observations read = this->read();
  ASSERT_THAT(read.alignment, SizeIs(3));
  EXPECT_EQ(read.alignment[1].layer, 1);
  EXPECT_THAT(read.alignment[1].values, ElementsAre(Pair("tf", 1), Pair("ts", 1)));
  EXPECT_EQ(read.alignment[2].stream, "final_norm");
}

TEST_F(StoredObservations, OfAlignmentWithoutAnswersAreRefused) {
  answer_all_four();
  store.add(AlignmentRow{"xcopa", "qu", "ts", "dali", "resid", 0, 1});
  EXPECT_THAT(test::error_of([&] { read(); }), HasSubstr("alignment: no scores of xcopa qu"));
}

TEST_F(StoredObservations, CountDrawsByControlBlockAndItem) {
  answer_all_four();
  answer("en", "tf2", true);
  answer("it", "tf2", false);
  for (const std::string item : {"tf", "tf2"}) {
    patch(item, "main", 1, item == "tf2");
    for (int draw : {0, 1}) patch(item, "same_gold", 0, item == "tf" && draw == 1, draw);
  }
  EXPECT_EQ(draws("main", 1).at("tf").changed, 0u);
  EXPECT_EQ(draws("main", 1).at("tf2").changed, 1u);
  EXPECT_EQ(draws("same_gold", 0).at("tf").draws, 2u);
  EXPECT_EQ(draws("same_gold", 0).at("tf").rate(), 0.5);
}

TEST_F(StoredObservations, OfPatchesAreThoseOfTheDirectionsPool) {
  answer_all_four();
  for (const std::string item : {"ts", "tf", "fs", "ff"}) patch(item, "main", 0, true);
  EXPECT_THAT(draws("main", 0), ElementsAre(Key("tf")));
}

TEST_F(StoredObservations, HaveTheLargestChangeBySelfAsNoiseFloor) {
  answer_all_four();
  patch("tf", "main", 0, true);
  EXPECT_THAT(read().noise_floor, IsNan()) << "there was no self control";
  patch_with_itself("tf", 0, 1.0);
  patch_with_itself("tf", 1, -0.25);  // the clean scores are 1 and 0
  EXPECT_EQ(read().noise_floor, 0.25);
  patch_with_itself("fs", 0, 0.5);
  patch_with_itself("fs", 1, 1);
  EXPECT_EQ(read().noise_floor, 0.5) << "items that do not count as flips show faults too";
}

TEST_F(StoredObservations, OfSomeItemsHoldNoOthers) {
  answer_all_four();
  align("ts", 0, 1);
  patch("tf", "main", 0, true);
  const Observations some = observations_of(read(), [](auto&, const std::string& item) { return item == "tf"; });
  ASSERT_THAT(some.languages, SizeIs(2));
  EXPECT_THAT(kinds(some.languages[1]), ElementsAre(Key("tf")));
  EXPECT_THAT(some.alignment, IsEmpty());
  EXPECT_THAT(some.patches, SizeIs(1));
}

/// One patched run of an item, with its scores of both options.
class Readings : public StoredObservations {
 protected:
  void patched(const std::string& direction, const std::string& item, const std::string& control,
               const std::string& donor, std::vector<double> scores) {
    for (int option : {0, 1})
      store.add(PatchRow{"xcopa", "it", item, "loglik", direction, "mlp_out", 2, "last", control, 0, donor, option,
                         scores[option]});
  }
  DrawCounts of(const std::string& control, const std::string& item) const { return draws(control, 2).at(item); }
  void add_gold_0() {
    for (const std::string language : {"en", "it"})
      for (int option : {0, 1}) store.add(ScoreRow{"xcopa", language, "gold 0", "loglik", option, -3, 1, option == 0});
  }
};

TEST_F(Readings, OfKeepBreakAndSpoilAreHarm) {
  answer_all_four();
  for (const auto& [direction, item] :
       {std::pair("keep", "ts"), std::pair("break", "tf"), std::pair("spoil", "fs"), std::pair("lift", "fs")})
    patched(direction, item, "main", item, {1, 0});
  const Observations read = this->read();
  ASSERT_THAT(read.patches, SizeIs(4));
  for (const PatchObservations& at : read.patches)
    EXPECT_EQ((*at.items.begin()).second.changed, at.key.direction == "lift" ? 0u : 1u) << at.key.direction;
}

TEST_F(Readings, TellCopiesOfTheDonorsGoldApart) {
  answer_all_four();
  add_gold_0();
  patched("keep", "ts", "other_gold", "gold 0", {1, 0});
  patched("keep", "ts", "same_gold", "ts", {1, 0});
  EXPECT_EQ(of("other_gold", "ts").copied, 1u);
  EXPECT_EQ(of("other_gold", "ts").changed, 1u);
  EXPECT_EQ(of("same_gold", "ts").may_copy, 0u);
}

TEST_F(StoredObservations, OfEveryRuleStandBesideTheOneThatDecides) {
  // By the sum the wrong option, by character and by byte the right one.
  for (const std::string protocol : {"loglik", "loglik:norm"})
    for (const std::string language : {"en", "it"})
      for (int option : {0, 1})
        store.add(ScoreRow{"xcopa", language, "1", protocol, option, -2.0 - option, 2, option == kGold, 1 + 3 * option,
                           1 + 3 * option});
  const LanguageObservations by_sum = *find(read(), {"xcopa", "loglik", "it"});
  const LanguageObservations by_character = *find(read(), {"xcopa", "loglik:norm", "it"});
  EXPECT_EQ(by_sum.rule + " " + by_character.rule, "acc acc_norm");
  EXPECT_EQ(kinds(by_sum).at("1"), Transfer::ff);
  EXPECT_EQ(kinds(by_character).at("1"), Transfer::ts);
  for (const LanguageObservations& language : {by_sum, by_character})
    EXPECT_THAT(language.by_rule, ElementsAre(Pair("acc", 0), Pair("acc_bytes", 1), Pair("acc_norm", 1)));
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
  const DrawCounts counts = draws("main", 0).at("1");
  EXPECT_EQ(counts.changed, 1u) << "-4/2 is more than -2.5, though -4 is less";
  EXPECT_DOUBLE_EQ(counts.won / counts.way, (0.5 - -2.0) / (0.5 - -2.0));
}

TEST_F(Readings, OfAnAnswerGivenBeforeAreNoCopy) {
  answer_all_four();
  add_gold_0();
  patched("fix", "tf", "other_gold", "gold 0", {1, 0});
  EXPECT_EQ(of("other_gold", "tf").may_copy, 0u);
}

TEST_F(Readings, HaveWhatTheMarginWonAndTheWayToTheDonorsOwn) {
  answer_all_four();                               // tf: margin -1 in Italian, 1 in English
  patched("fix", "tf", "main", "tf", {1, 0.5});    // -0.5
  patched("fix", "tf", "random", "ts", {0.5, 2});  // 1.5
  EXPECT_DOUBLE_EQ(of("main", "tf").won, 0.5);
  EXPECT_DOUBLE_EQ(of("random", "tf").won, 2.5);
  EXPECT_DOUBLE_EQ(of("random", "tf").way, 2);
}

// Workers are joined one after the other.
TEST_F(Readings, OfDrawsDoNotDependOnWhereTheyLie) {
  answer_all_four();
  patch("tf", "random", 1, true, 2);
  patch("tf", "random", 1, false, 0);
  patch("tf", "main", 3, true);
  patch("tf", "random", 1, true, 1);
  const DrawCounts counts = draws("random", 1).at("tf");
  EXPECT_EQ(counts.draws, 3u);
  EXPECT_EQ(counts.changed, 2u);
  EXPECT_EQ(counts.won, ((0. * 1 + 2) / 2 * 2 + 2) / 3) << "to the bit, one draw after the other";
}

TEST_F(Readings, OfPlacesComeAsTheyWereFirstStored) {
  answer_all_four();
  patched("fix", "tf", "main", "tf", {1, 0.5});  // mlp_out
  patch("tf", "main", 1, true);                  // resid_post
  patched("keep", "ts", "main", "ts", {1, 0});
  std::string order;
  for (const PatchObservations& at : read().patches) order += at.key.direction + " " + at.key.site + "; ";
  EXPECT_EQ(order, "fix mlp_out; fix resid_post; keep mlp_out; ");
}

TEST_F(Readings, OfRowsThatDoNotFitTheAnswersAreErrors) {
  answer_all_four();
  store.add(PatchRow{"xcopa", "it", "tf", "loglik", "fix", "mlp_out", 2, "last", "main", 0, "tf", 0, 1});
  EXPECT_THAT(test::error_of([&] { read(); }),
              HasSubstr("patches: item \"tf\" has 1 options under main at block 2, but 2 clean"));
  store.add(PatchRow{"xcopa", "it", "tf", "loglik", "fix", "mlp_out", 2, "last", "main", 0, "tf", 99, 1});
  EXPECT_THAT(test::error_of([&] { read(); }),
              HasSubstr("patches: option 99 of item \"tf\" stands where option 1 belongs"));
}

}  // namespace
}  // namespace tertium
