// A whole run of the real program, and what it leaves in results.db (docs/results.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tertium/base/hash.h"
#include "tertium/metrics/metric.h"
#include "tertium/store/store.h"
#include "tertium/version.h"
#include "tests/support/small_experiment.h"

namespace tertium {
namespace {

using test::Finished;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr double kRounding = 1e-4;

class Run : public test::SmallExperiment {
 protected:
  static constexpr int kProtocols = 2;
  static constexpr int kDraws = 2;
  const std::size_t blocks = tiny.blocks;
};

std::map<std::string, std::string> info_of(const Store& store) {
  const RunInfo info = store.info();
  return {info.begin(), info.end()};
}

using Answered = std::tuple<std::string, std::string, std::string>;  // protocol, language, item

std::map<Answered, std::size_t> gold_of(const Store& store) {
  std::map<Answered, std::size_t> gold;
  for (const ScoreRow& row : store.scores())
    if (row.is_gold) gold[{row.protocol, row.language, row.item}] = row.option;
  return gold;
}

/// Rows agree in everything but the rounding of their numbers.
void expect_same_results(const Store& a, const Store& b) {
  const auto scores_a = a.scores(), scores_b = b.scores();
  ASSERT_EQ(scores_a.size(), scores_b.size());
  for (std::size_t i = 0; i < scores_a.size(); ++i) {
    EXPECT_EQ(scores_a[i].item, scores_b[i].item);
    EXPECT_NEAR(scores_a[i].score, scores_b[i].score, kRounding) << scores_a[i].item;
  }
  const auto alignment_a = a.alignment(), alignment_b = b.alignment();
  ASSERT_EQ(alignment_a.size(), alignment_b.size());
  for (std::size_t i = 0; i < alignment_a.size(); ++i) {
    const bool is_margin = alignment_a[i].metric == "dali_margin";  // the others are cut at 0 and may jump
    if (is_margin) {
      EXPECT_NEAR(alignment_a[i].value, alignment_b[i].value, kRounding) << alignment_a[i].item;
    }
  }
  const auto patches_a = a.patches(), patches_b = b.patches();
  ASSERT_EQ(patches_a.size(), patches_b.size());
  for (std::size_t i = 0; i < patches_a.size(); ++i) {
    EXPECT_EQ(patches_a[i].donor, patches_b[i].donor);
    EXPECT_NEAR(patches_a[i].score, patches_b[i].score, kRounding) << patches_a[i].item;
  }
}

TEST_F(Run, ScoresEveryOptionOfEveryItemOnce) {
  const Store store = Store::open(results_of("results"));
  std::map<Answered, std::vector<int>> options, gold;
  for (const ScoreRow& row : store.scores()) {
    EXPECT_EQ(row.task, "items");
    EXPECT_EQ(row.tokens, row.protocol == "letters" ? 1 : row.option + 1) << "the second option has two words";
    if (row.protocol == "loglik") {
      EXPECT_LT(row.score, 0) << "a log-probability";
    }
    options[{row.protocol, row.language, row.item}].push_back(row.option);
    if (row.is_gold) gold[{row.protocol, row.language, row.item}].push_back(row.option);
  }
  EXPECT_EQ(options.size(), 2u * kProtocols * kItems);
  for (const auto& [item, indices] : options) {
    EXPECT_EQ(indices, (std::vector<int>{0, 1}));
    EXPECT_EQ(gold[item].size(), 1u) << "exactly one option is right";
  }
}

TEST_F(Run, AlignsEveryItemByEveryMetricAtEveryLayerOnce) {
  const Store store = Store::open(results_of("results"));
  std::set<std::tuple<std::string, std::string, std::string, int>> found;  // item, metric, stream, layer
  for (const AlignmentRow& row : store.alignment()) {
    EXPECT_EQ(row.language, "de") << "the pivot is not compared with itself";
    if (row.metric == "dali_margin") {
      EXPECT_LE(std::abs(row.value), 2);
    }
    if (row.metric == "dali" || row.metric == "dali_row" || row.metric == "dalist" || row.metric == "mexat") {
      EXPECT_TRUE(row.value == 0 || row.value == 1) << row.metric;
    }
    EXPECT_TRUE(row.stream == "resid" || row.layer == tiny.blocks) << "the final norm follows the last block";
    found.emplace(row.item, row.metric, row.stream, row.layer);
  }
  const std::size_t layers = blocks + 2;  // what enters block 0, what each block leaves, and the final norm
  EXPECT_EQ(found.size(), kItems * metrics().size() * layers);
  EXPECT_EQ(store.alignment().size(), found.size()) << "the second protocol aligns nothing anew";
}

TEST_F(Run, PatchesEveryBlockOfEveryRecipientWithEveryDonor) {
  const Store store = Store::open(results_of("results"));
  const auto gold = gold_of(store);
  std::map<std::string, std::size_t> rows;  // by control
  for (const PatchRow& row : store.patches()) {
    EXPECT_EQ(row.language + " " + row.direction + " " + row.site + " " + row.position, "de fix resid_post last");
    EXPECT_LT(row.layer, tiny.blocks);
    ++rows[row.control];
    if (row.control != "same_gold") {
      EXPECT_EQ(row.donor, row.item);
      EXPECT_EQ(row.draw, 0);
      continue;
    }
    EXPECT_NE(row.donor, row.item);
    EXPECT_EQ(gold.at({row.protocol, "en", row.donor}), gold.at({row.protocol, "de", row.item}));
  }
  const std::size_t once = kProtocols * kItems * blocks * kOptions;
  EXPECT_THAT(rows, UnorderedElementsAre(Pair("main", once), Pair("self", once), Pair("same_gold", kDraws * once)));
}

TEST_F(Run, PatchesOnlyTransferFailuresUnlessToldOtherwise) {
  const Store store = Store::open(results_of("results", {"--set", "patch.items=pool"}));
  std::map<Answered, std::pair<double, int>> answers;
  for (const ScoreRow& row : store.scores()) {
    const Answered item{row.protocol, row.language, row.item};
    const auto found = answers.find(item);
    if (found == answers.end() || row.score > found->second.first) answers[item] = {row.score, row.option};
  }
  const auto gold = gold_of(store);
  std::set<Answered> failures, patched;
  for (const auto& [item, answer] : answers) {
    const auto& [protocol, language, id] = item;
    const Answered pivot{protocol, "en", id};
    if (language == "de" && answer.second != static_cast<int>(gold.at(item)) &&
        answers.at(pivot).second == static_cast<int>(gold.at(pivot)))
      failures.insert(item);
  }
  for (const PatchRow& row : store.patches()) patched.emplace(row.protocol, row.language, row.item);
  EXPECT_FALSE(failures.empty());
  EXPECT_EQ(patched, failures);
}

TEST_F(Run, AnItemPatchedWithItselfAnswersAsBefore) {
  const Store store = Store::open(results_of("results"));
  std::map<std::tuple<std::string, std::string, int>, double> clean;
  for (const ScoreRow& row : store.scores())
    if (row.language == "de") clean[{row.protocol, row.item, row.option}] = row.score;
  for (const PatchRow& row : store.patches())
    if (row.control == "self") {
      EXPECT_NEAR(row.score, clean.at({row.protocol, row.item, row.option}), kRounding) << row.item;
    }
}

TEST_F(Run, AnItemPatchedWithItselfAnswersAsBeforeAtEverySiteAndPositionInEveryDirection) {
  const Store store = Store::open(results_of(
      "results", {"--set",
                  "patch.sites=[\"resid_pre\", \"q\", \"k\", \"v\", \"z\", \"attn_out\", \"resid_mid\", \"mlp_out\", "
                  "\"resid_post\"]",
                  "--set", "patch.positions=[\"last\", \"all\"]", "--set", "patch.directions=[\"fix\", \"break\"]",
                  "--set", "patch.controls=[\"self\"]", "--set", "patch.max_items=4"}));
  std::map<std::tuple<std::string, std::string, std::string, int>, double> clean;
  for (const ScoreRow& row : store.scores()) clean[{row.language, row.protocol, row.item, row.option}] = row.score;
  std::set<std::string> places;
  for (const PatchRow& row : store.patches()) {
    if (row.control != "self") continue;
    places.insert(row.direction + row.site + row.position);
    const std::string answered = row.direction == "fix" ? "de" : "en";
    EXPECT_NEAR(row.score, clean.at({answered, row.protocol, row.item, row.option}), kRounding)
        << row.item << " " << row.site << " " << row.position << " " << row.direction;
  }
  EXPECT_EQ(places.size(), 2u * 9 * 2);
}

TEST_F(Run, PlansWhatItThenDoes) {
  const std::vector<std::string> what = {"--set", "patch.positions=[\"last\", \"all\"]", "--set",
                                         "patch.controls=[\"self\", \"random\"]"};
  const Store store = Store::open(results_of("results", what));
  for (const bool from_results : {true, false}) {
    std::vector<std::string> arguments = {"plan", experiment.string(), "--json", "--quiet"};
    arguments.insert(arguments.end(), what.begin(), what.end());
    if (from_results) arguments.insert(arguments.end(), {"--results", results.string()});
    const nlohmann::json plan = nlohmann::json::parse(test::output_of(arguments));
    std::size_t runs = 0;
    for (const auto& lineup : plan.at("lineups"))
      for (const auto& control : lineup.at("controls")) runs += control.at("runs").get<std::size_t>();
    EXPECT_EQ(runs * kOptions, store.patches().size());
    EXPECT_GT(plan.at("seconds").get<double>(), 0);
    EXPECT_GT(plan.at("kept_bytes").get<std::size_t>(), 0u);
  }
}

TEST_F(Run, APlanTakesNoAnswersOfOtherFiles) {
  const std::filesystem::path stored = results_of("results");
  const auto plan = [&] {
    return test::run_program({"plan", experiment.string(), "--quiet", "--results", stored.string()});
  };
  EXPECT_EQ(plan().status, 0);
  tiny.seed += 1;  // other weights, of the same names and shapes
  test::write_tiny_model(model, tiny);
  replace_item("de", 3, R"({"id": "x", "context": "the sun is", "options": [" hot", " cold"], "gold": 0})");
  replace_item("en", 3, R"({"id": "x", "context": "the sun is", "options": [" hot", " cold"], "gold": 0})");
  EXPECT_EQ(plan().err, "Error: " + stored.string() +
                            ": these results were made from other files: model model.safetensors (changed), items "
                            "de.jsonl (changed), items en.jsonl (changed); run the experiment again, or leave the "
                            "results out\n");
}

TEST_F(Run, ResultsOfAnUnfinishedRunSaySoAndWhatIsMissing) {
  const std::filesystem::path stored = results_of("results");
  EXPECT_EQ(test::output_of({"show", stored.string()}).find("has not finished"), std::string::npos);
  // As a run leaves it that is killed while it patches.
  {
    Store part = Store::create(folder / "part", false);
    for (const ScoreRow& row : Store::open(stored).scores()) part.add(row);
    for (const auto& [key, value] : Store::open(stored).info())
      if (key != "finished") part.set_info(key, key == "stage items loglik de: patching, fix" ? "3 of 8" : value);
    part.commit();
    EXPECT_THAT(test::output_of({"show", (folder / "part").string()}), testing::StartsWith("This run still goes on"));
  }
  EXPECT_THAT(test::output_of({"show", (folder / "part").string()}),
              testing::AllOf(testing::StartsWith("This run has not finished"),
                             HasSubstr("missing: items loglik de: patching, fix (3 of 8)")));
  const nlohmann::json json = nlohmann::json::parse(test::output_of({"show", (folder / "part").string(), "--json"}));
  EXPECT_EQ(json.at("finished"), false);
  EXPECT_EQ(json.at("missing"), nlohmann::json({"items loglik de: patching, fix (3 of 8)"}));
  EXPECT_EQ(nlohmann::json::parse(test::output_of({"show", stored.string(), "--json"})).at("finished"), true);
}

TEST_F(Run, APatchBehindTheLastBlockGivesTheDonorsLetters) {
  const Store store = Store::open(results_of("results"));
  std::map<std::tuple<std::string, int>, double> pivot;
  for (const ScoreRow& row : store.scores())
    if (row.language == "en" && row.protocol == "letters") pivot[{row.item, row.option}] = row.score;
  for (const PatchRow& row : store.patches()) {
    const bool takes_all = row.protocol == "letters" && row.control != "self" && row.layer + 1 == tiny.blocks;
    if (takes_all) {
      EXPECT_NEAR(row.score, pivot.at({row.donor, row.option}), kRounding) << row.item;
    }
  }
}

TEST_F(Run, TellsWhatWasRun) {
  const auto info = info_of(Store::open(results_of("results", {"--set", "patch.seed=7", "--threads", "1"})));
  EXPECT_EQ(info.at("tertium"), TERTIUM_VERSION);
  EXPECT_EQ(info.at("model"), model.string());
  EXPECT_EQ(info.at("family"), "llama");
  EXPECT_EQ(info.at("pivot"), "en");
  EXPECT_EQ(info.at("dtype"), "f32");
  EXPECT_EQ(info.at("device"), "cpu");
  EXPECT_EQ(info.at("threads"), "1");
  EXPECT_EQ(info.at("seed"), "7");
  EXPECT_THAT(info.at("experiment"), HasSubstr("seed = 7")) << "as it was run, after --set";
  EXPECT_LE(info.at("started"), info.at("finished"));
  for (const char* file : {"config.json", "model.safetensors"})
    EXPECT_EQ(info.at(fmt::format("sha256 model {}", file)), sha256_file(model / file));
  for (const char* file : {"en.jsonl", "de.jsonl"})
    EXPECT_EQ(info.at(fmt::format("sha256 items {}", file)), sha256_file(data / file));
  EXPECT_EQ(info.at("sha256 tokenizer tokenizer.json"), sha256_file(model / "tokenizer.json"));
}

TEST_F(Run, WithoutTablesForThemAlignsAndPatchesNothing) {
  temporary.write("experiment.toml",
                  "model = \"model\"\ntask = [{name = \"items\", data = \"data\", languages = [\"de\"]}]\n");
  const Store store = Store::open(results_of("results"));
  EXPECT_EQ(store.scores().size(), 2u * kItems * kOptions);
  EXPECT_TRUE(store.alignment().empty());
  EXPECT_TRUE(store.patches().empty());
}

TEST_F(Run, GivesTheSameInBatchesOfAnySize) {
  expect_same_results(Store::open(results_of("one", {"--batch-rows", "1"})),
                      Store::open(results_of("many", {"--batch-rows", "4096"})));
}

TEST_F(Run, GivesTheSameOnAnyNumberOfThreads) {
  expect_same_results(Store::open(results_of("one", {"--threads", "1"})),
                      Store::open(results_of("two", {"--threads", "2"})));
}

TEST_F(Run, DrawsTheSameDonorsAgainAndOthersWithAnotherSeed) {
  const auto donors_of = [](const std::filesystem::path& folder) {
    std::vector<std::string> donors;
    for (const PatchRow& row : Store::open(folder).patches()) donors.push_back(row.donor);
    return donors;
  };
  const auto first = donors_of(results_of("first"));
  EXPECT_EQ(donors_of(results_of("again")), first);
  EXPECT_NE(donors_of(results_of("other", {"--set", "patch.seed=1"})), first);
}

TEST_F(Run, ALimitTakesTheFirstItems) {
  std::set<std::string> items;
  for (const ScoreRow& row : Store::open(results_of("results", {"--set", "task.limit=3"})).scores())
    items.insert(row.item);
  EXPECT_THAT(items, UnorderedElementsAre("rain-wet", "rain-hot", "sun-wet"));
}

TEST_F(Run, SumsUpOnStandardOutput) {
  const Finished finished = run();
  for (const char* part : {"items, loglik: 20 items", "items, letters: 20 items", "Accuracy", "de",
                           "DALI: % of items aligned", "same_gold", "Noise floor", "tertium export"})
    EXPECT_THAT(finished.out, HasSubstr(part));
}

TEST_F(Run, ShowsProgressOnStandardErrorUnlessQuiet) {
  const Finished finished = test::run_program({"run", experiment.string(), "--out", results.string()});
  for (const char* stage :
       {"items loglik en: scoring 20/20", "items loglik de: alignment", "items letters de: patching, fix 20/20"})
    EXPECT_THAT(finished.err, HasSubstr(stage));
  EXPECT_THAT(finished.err, testing::Not(HasSubstr("\x1b"))) << "no escape codes where nobody looks";
}

}  // namespace
}  // namespace tertium
