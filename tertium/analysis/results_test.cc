#include "tertium/analysis/results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tertium/analysis/table_text.h"
#include "tertium/base/json.h"
#include "tertium/interchange/observed_csv.h"
#include "tertium/interchange/paper.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using nlohmann::ordered_json;
using testing::Contains;
using testing::HasSubstr;
using testing::IsNan;

/// Made by hand: `n` items, answered right in the pivot.
Observations answered(std::size_t right, std::size_t wrong) {
  Observations observations{.pivot = "en"};
  LanguageObservations& it = observations.languages.emplace_back(LanguageObservations{{"xcopa", "loglik", "it"}});
  for (std::size_t i = 0; i < right + wrong; ++i) {
    const std::string item = std::to_string(i);
    it.answers.push_back({.item = item, .unit = item, .pivot_right = true, .right = i < right});
  }
  return observations;
}

void align(Observations& observations, int layer, std::size_t ts_aligned, std::size_t tf_aligned) {
  AlignmentObservations at{"xcopa", "it", "dali", "resid", layer, {}};
  std::size_t ts = 0, tf = 0;
  for (const PairedAnswer& answer : observations.languages[0].answers)
    at.values[answer.item] = answer.right ? ts++ < ts_aligned : tf++ < tf_aligned;
  observations.alignment.push_back(at);
}

/// Puts in at a block: every draw of each failing item flips as `flips` says, an item a text of digits.
void patch(Observations& observations, int block, const std::string& control, const std::vector<std::string>& flips) {
  PatchObservations at{{"xcopa", "loglik", "it"}, {"fix", "resid_post", "last"}, block, control, {}};
  std::size_t next = 0;
  for (const PairedAnswer& answer : observations.languages[0].answers) {
    if (answer.right) continue;
    if (next == flips.size()) break;
    const std::string& draws = flips[next++];
    if (draws.empty()) continue;  // no donor
    at.items[answer.item] = {.draws = static_cast<std::uint32_t>(draws.size()),
                             .changed = static_cast<std::uint32_t>(std::ranges::count(draws, '1'))};
  }
  observations.patches.push_back(at);
}

FlipResult flip(const Analysis& analysis, const std::string& control, int block = 0) {
  for (const FlipResult& one : analysis.flips)
    if (one.control == control && one.layer == block) return one;
  throw std::logic_error("no such flip");
}

TEST(Results, FlipsPairMainWithEachControlByItem) {
  Observations observations = answered(0, 4);
  patch(observations, 0, "main", {"1", "1", "0", "1"});
  patch(observations, 0, "same_gold", {"0", "1", "1", "0"});
  const FlipResult& result = flip(analyse(observations), "same_gold");
  EXPECT_EQ(result.items, 4u);
  EXPECT_EQ(result.rate.value, 0.5);
  EXPECT_EQ(result.main_rate, 0.75);
  EXPECT_EQ(result.difference.value, 0.25);
  EXPECT_EQ(result.only_main, 2);
  EXPECT_EQ(result.only_control, 1);
  EXPECT_EQ(result.p, 1);
}

TEST(Results, AnItemWithoutTheControlsDonorLeavesBothSides) {
  Observations observations = answered(0, 4);
  patch(observations, 0, "main", {"1", "1", "0", "0"});
  patch(observations, 0, "same_gold", {"", "0", "0", "0"});
  const FlipResult& result = flip(analyse(observations), "same_gold");
  EXPECT_EQ(result.items, 3u);
  EXPECT_EQ(result.without_donor, 1u);
  EXPECT_DOUBLE_EQ(result.main_rate, 1.0 / 3);
}

TEST(Results, AControlThatFoundNoDonorAtAllKeepsItsRow) {
  Observations observations = answered(0, 4);
  observations.controls = {"main", "same_gold"};
  patch(observations, 0, "main", {"1", "1", "0", "0"});
  const FlipResult& result = flip(analyse(observations), "same_gold");
  EXPECT_EQ(result.items, 0u);
  EXPECT_EQ(result.without_donor, 4u);
  EXPECT_THAT(result.rate.value, IsNan());
}

TEST(Results, DrawsOfAnItemAreOneValue) {
  Observations observations = answered(0, 3);
  patch(observations, 0, "main", {"1", "1", "0"});
  patch(observations, 0, "random", {"1110", "0000", "0000"});
  const FlipResult& result = flip(analyse(observations), "random");
  EXPECT_EQ(result.draws, 4u);
  EXPECT_EQ(result.rate.value, 0.25);
  EXPECT_EQ(result.rate.n, 3u) << "items, not draws";
  EXPECT_EQ(result.only_main, -1) << "no count of discordant items";
  EXPECT_EQ(result.p, 0.5) << "signs of two differences: 2 of 4 assignments are as far";
}

TEST(Results, MainIsHeldAgainstItsStrongestControl) {
  Observations observations = answered(0, 30);
  patch(observations, 0, "main", std::vector<std::string>(30, "1"));
  patch(observations, 0, "same_gold", std::vector<std::string>(30, "0"));
  patch(observations, 0, "mean_shift", std::vector<std::string>(30, "1"));
  patch(observations, 0, "self", std::vector<std::string>(30, "1"));
  const Analysis analysis = analyse(observations);
  ASSERT_EQ(analysis.places.size(), 1u);
  EXPECT_EQ(analysis.places[0].strongest, "mean_shift");
  EXPECT_EQ(analysis.places[0].p, 1);
  EXPECT_EQ(analysis.places[0].noise_rate, 1);
  EXPECT_THAT(analysis.conclusions, Contains(HasSubstr("main is nowhere above all its controls")));
  EXPECT_THAT(analysis.conclusions, Contains(HasSubstr("rounding alone")));
}

TEST(Results, ConclusionsSayWhereMainIsAboveAllControls) {
  Observations observations = answered(0, 30);
  for (const int block : {0, 1}) {
    patch(observations, block, "main", std::vector<std::string>(30, block == 1 ? "1" : "0"));
    patch(observations, block, "same_gold", std::vector<std::string>(30, "0"));
  }
  EXPECT_THAT(analyse(observations).conclusions,
              Contains(testing::AllOf(HasSubstr("main is above all its controls"), HasSubstr("at it 1;"),
                                      HasSubstr("100 % of 30 items, 0 % under same_gold, +100 points"))));
}

TEST(Results, ConclusionsCallCopyingWhatSameGoldDoesToo) {
  Observations observations = answered(0, 30);
  patch(observations, 5, "main", std::vector<std::string>(30, "1"));
  patch(observations, 5, "same_gold", std::vector<std::string>(30, "1"));
  EXPECT_THAT(
      analyse(observations).conclusions,
      Contains(HasSubstr("main and same_gold rise together in it from block 5 on (100 % and 100 % at block 5)")));
}

TEST(Results, ConclusionsTellNothingOfAFewItems) {
  Observations observations = answered(30, 4);
  patch(observations, 0, "main", std::vector<std::string>(4, "1"));
  patch(observations, 0, "same_gold", std::vector<std::string>(4, "0"));
  const Analysis analysis = analyse(observations);
  EXPECT_THAT(analysis.conclusions, Contains(HasSubstr("at most 4 items are patched: too few to tell anything")));
  EXPECT_THAT(analysis.conclusions, Contains(HasSubstr("too few items to tell TS from TF in it (30 TS, 4 TF)")));
}

TEST(Results, InShortAreDaliAndPatchesInFewWords) {
  Observations observations = answered(30, 30);
  align(observations, 0, 30, 0);
  AlignmentObservations other = observations.alignment[0];
  other.metric = "dali_row";
  observations.alignment.push_back(other);
  patch(observations, 7, "main", std::vector<std::string>(30, "1"));
  patch(observations, 7, "same_gold", std::vector<std::string>(30, "0"));
  const Analysis analysis = analyse(observations);
  EXPECT_THAT(analysis.conclusions, Contains(HasSubstr("dali_row")));
  EXPECT_THAT(analysis.in_short,
              testing::ElementsAre(
                  "xcopa, loglik, DALI: more of TS than of TF are aligned in 1 of 1 (it), at layers picked on held-out "
                  "halves, after Holm over languages.",
                  "xcopa, loglik, fix, resid_post, position last: main is above all its controls in it, most in it, "
                  "block 7: 100 % of 30 items, 0 % under same_gold, +100 points [84, 100]."));
}

TEST(Results, AMetricIsRealAtEveryLayerOrAtNone) {
  Observations observations = answered(10, 10);
  align(observations, 0, 8, 2);
  align(observations, 1, 8, 2);
  observations.alignment[1].values.begin()->second = 0.5;
  for (const AlignmentResult& result : analyse(observations).alignment) {
    EXPECT_FALSE(result.is_binary) << "layer " << result.layer;
    EXPECT_FALSE(std::isnan(result.mann_whitney_p));
    EXPECT_THAT(result.fisher_p, IsNan());
  }
}

TEST(Results, KnowHowManyOptionsEveryItemHas) {
  Observations observations = answered(2, 2);
  EXPECT_EQ(analyse(observations).languages.at(0).options, 0u) << "unknown";
  for (PairedAnswer& answer : observations.languages[0].answers) answer.options = 4;
  EXPECT_EQ(analyse(observations).languages.at(0).options, 4u);
  observations.languages[0].answers.back().options = 2;
  EXPECT_EQ(analyse(observations).languages.at(0).options, 0u) << "not one number";
}

TEST(Results, PassagesAreDrawnWhole) {
  Observations observations = answered(10, 10);
  align(observations, 0, 8, 2);
  EXPECT_THAT(analyse(observations).alignment.at(0).clustered_p, IsNan());
  for (PairedAnswer& answer : observations.languages[0].answers)
    answer.unit = std::to_string(std::stoi(answer.item) / 2);
  const AlignmentResult result = analyse(observations).alignment.at(0);
  EXPECT_EQ(result.difference.n, 10u) << "units";
  EXPECT_NE(result.clustered_p, result.fisher_p);
  EXPECT_EQ(result.p(), result.clustered_p);
  EXPECT_EQ(analyse(observations).languages.at(0).accuracy.n, 10u);
}

// ---- against scipy and statsmodels (shared/stats) and the study's own numbers (shared/paper)

void expect_near(const ordered_json& found, const ordered_json& expected, double tolerance, const std::string& what) {
  if (expected.is_null()) {
    EXPECT_TRUE(found.is_null()) << what << ": " << found;
  } else if (expected.is_array()) {
    ASSERT_EQ(found.size(), expected.size()) << what;
    for (std::size_t i = 0; i < expected.size(); ++i) expect_near(found[i], expected[i], tolerance, what);
  } else {
    ASSERT_TRUE(found.is_number()) << what;
    EXPECT_NEAR(found.get<double>(), expected.get<double>(),
                tolerance * std::max(1.0, std::abs(expected.get<double>())))
        << what;
  }
}

/// The row of a table that has these values.
ordered_json row(const ordered_json& table, const ordered_json& with) {
  for (const ordered_json& one : table) {
    bool fits = true;
    for (const auto& [key, value] : with.items()) fits &= one.at(key) == value;
    if (fits) return one;
  }
  ADD_FAILURE() << "no row " << with;
  return {};
}

TEST(SharedStatistics, AreThoseOfScipyAndStatsmodels) {
  const std::filesystem::path folder = test::shared_folder() / "stats";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "SKIPPED: needs " << folder << ": put the shared data there";
  const ordered_json expected = ordered_json::parse(std::ifstream(folder / "expected.json"));
  const Observations observations = read_observed(
      {.answers = folder / "answers.csv", .alignment = folder / "alignment.csv", .flips = folder / "flips.csv"});
  const ordered_json found = to_json(analyse(observations, {.preset = Preset::study}));
  constexpr double kTolerance = 1e-9;
  for (const auto& [language, of] : expected.at("languages").items()) {
    const ordered_json summary = row(found["languages"], {{"language", language}});
    for (const char* key : {"n", "correct", "accuracy", "accuracy_ci", "ts", "tf", "fs", "ff"})
      expect_near(summary[key], of[key], kTolerance, language + " " + key);
    for (const ordered_json& layer : of.at("layers")) {
      const ordered_json at = row(found["alignment"], {{"language", language}, {"layer", layer["layer"]}});
      for (const auto& [key, value] : layer.items())
        expect_near(at[key], value, kTolerance, fmt::format("{} layer {} {}", language, layer["layer"].dump(), key));
    }
    for (const ordered_json& at : of.at("flips")) {
      if (at["items"] == 0) continue;  // the files have no row of it
      const ordered_json flip =
          row(found["flips"], {{"language", language}, {"layer", at["layer"]}, {"control", "same_gold"}});
      const std::string what = fmt::format("{} block {}", language, at["layer"].dump());
      for (const char* key : {"items", "b", "c", "p"}) expect_near(flip[key], at[key], kTolerance, what + key);
      const double n = at["items"].get<double>();
      expect_near(flip["main_rate"], at["main"].get<double>() / n, kTolerance, what);
      expect_near(flip["rate"], at["same_gold"].get<double>() / n, kTolerance, what);
    }
    EXPECT_EQ(row(found["layer_choice"], {{"language", language}})["layer"], of.at("study_layer")) << language;
  }
  const ordered_json& family = expected.at("study_family");
  for (std::size_t i = 0; i < family["languages"].size(); ++i) {
    const ordered_json choice = row(found["layer_choice"], {{"language", family["languages"][i]}});
    expect_near(choice["p"], family["p"][i], kTolerance, "p");
    expect_near(choice["p_holm"], family["holm"][i], kTolerance, "holm");
    expect_near(choice["p_bh"], family["bh"][i], kTolerance, "bh");
  }
  for (const char* key : {"n", "pearson", "pearson_ci", "spearman"})
    expect_near(found["across"][0][key], expected["across"][key], kTolerance, key);
}

class SharedPaper : public test::FolderTest {};

TEST_F(SharedPaper, StatisticsAreTheStudysOwn) {
  const std::filesystem::path paper = test::shared_folder() / "paper";
  if (!std::filesystem::exists(paper)) GTEST_SKIP() << "SKIPPED: needs " << paper << ": put the shared data there";
  Store store = Store::create(folder / "out", false);
  import_paper(paper, store);
  const ordered_json found = to_json(analyse(observations_of(store), {.preset = Preset::study}));
  const ordered_json expected = ordered_json::parse(std::ifstream(paper / "expected.json"));
  constexpr double kTolerance = 1e-6;
  for (const auto& [language, of] : expected.at("xcopa_ts_tf").items()) {
    const ordered_json choice = row(found["layer_choice"], {{"language", language}, {"metric", "dali"}});
    EXPECT_EQ(choice["layer"], of["layer"]) << language;
    for (const auto& [ours, theirs] :
         {std::pair("difference", "gap"), std::pair("z", "z"), std::pair("p", "p_one_sided"),
          std::pair("p_holm", "p_holm"), std::pair("p_bh", "p_bh")})
      expect_near(choice[ours], of[theirs], kTolerance, language + " " + theirs);
    const ordered_json at =
        row(found["alignment"], {{"language", language}, {"metric", "dali"}, {"layer", of["layer"]}});
    for (const auto& [ours, theirs] : {std::pair("ts_n", "n_ts"), std::pair("tf_n", "n_tf"), std::pair("ts_mean", "ts"),
                                       std::pair("tf_mean", "tf"), std::pair("fisher_p", "fisher_two_sided")})
      expect_near(at[ours], of[theirs], kTolerance, language + " " + theirs);
    expect_near(row(found["languages"], {{"language", language}})["accuracy"], of["accuracy"], kTolerance, language);
    expect_near(row(found["languages"], {{"language", "en_" + language}})["accuracy"], of["accuracy_en"], kTolerance,
                language);
  }
  for (const auto& [task, metrics] : expected.at("correlation_of_max_over_layers_with_accuracy").items())
    for (const auto& [metric, of] : metrics.items()) {
      const ordered_json across = row(found["across"], {{"task", task}, {"metric", metric}, {"aggregate", "max"}});
      expect_near(across["pearson"], of["pearson"], kTolerance, task + metric);
      expect_near(across["spearman"], of["spearman"], kTolerance, task + metric);
    }
}

}  // namespace
}  // namespace tertium
