// Training as users see it: adapters and their baselines, gone on with, and bad input.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tertium/base/text.h"
#include "tertium/formats/adapter.h"
#include "tests/support/small_experiment.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Finished;
using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

class Train : public test::SmallExperiment {
 protected:
  Train() {
    std::string english, german;
    const std::vector<std::string> things = {"rain", "sun", "snow", "wind", "fire"},
                                   dinge = {"Nässe", "Sonne", "Kälte", "Luft", "Glut"},
                                   are = {"wet", "dry", "hot", "cold"}, sind = {"nass", "trocken", "warm", "kalt"};
    for (std::size_t i = 0; i < things.size(); ++i)
      for (std::size_t k = 0; k < are.size(); ++k) {
        english += "the " + things[i] + " is " + are[k] + "\n";
        german += "die " + dinge[i] + " ist " + sind[k] + "\n";
      }
    temporary.write("flores/en.dev", english);
    temporary.write("flores/de.dev", german);
    temporary.write("texts.txt", english);
    write(kTrain);
  }

  static constexpr const char* kTrain = R"(
[train]
data = "flores"
split = "dev"
languages = ["de"]
layer = 2
text = "texts.txt"
held_out = 0.2
rank = 2
alpha = 4
learning_rate = 0.01
steps = 12
batch = 4
evaluate_every = 6
)";

  void write(const std::string& train) const {
    temporary.write("train.toml", "model = \"model\"\n\n[[task]]\nname = \"items\"\ndata = \"data\"\nlanguages = [\"de\"]\n" + train);
  }
  std::vector<std::string> command(const std::string& out, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all = {"train", (folder / "train.toml").string(), "--out", (folder / out).string(), "--quiet"};
    for (const std::string& one : more) all.insert(all.end(), {"--set", "train." + one});
    return all;
  }
  Finished train(const std::string& out, const std::vector<std::string>& more = {}) const {
    return test::run_program(command(out, more));
  }
  std::string error(const std::vector<std::string>& more) const {
    const Finished finished = train("bad", more);
    EXPECT_EQ(finished.status, 1) << finished.out;
    return finished.err;
  }
  std::string tensors(const std::string& out, const std::string& method = "aligned") const {
    std::ifstream file(folder / out / method / "adapter_model.safetensors", std::ios::binary);
    EXPECT_TRUE(file) << out << " " << method;
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  std::vector<json> log(const std::string& out, const std::string& method = "aligned") const {
    std::vector<json> lines;
    for (const std::string& line : test::lines_of(read_text_file(folder / out / (method + ".jsonl"))))
      lines.push_back(json::parse(line));
    return lines;
  }
};

TEST_F(Train, AlignsTheHeldOutPairsAndTheAdapterRuns) {
  const Finished finished = train("adapters", {"steps=60", "evaluate_every=30"});
  ASSERT_EQ(finished.status, 0) << finished.err;
  const json before = json::parse(read_text_file(folder / "adapters/training.json"));
  const double first = before.at("before").at("alignment"), last = log("adapters").back().at("held_out_alignment");
  EXPECT_LT(last, 0.95 * first);  // of words that were not trained
  EXPECT_EQ(before.at("pairs").at("de").at("trained"), 16);
  EXPECT_EQ(before.at("pairs").at("de").at("held_out"), 4);
  EXPECT_TRUE(before.at("sha256").contains("model model.safetensors"));
  const Adapter adapter(folder / "adapters/aligned");
  EXPECT_EQ(adapter.modules().size(), 14u);
  EXPECT_EQ(run({"--set", "adapter=" + (folder / "adapters/aligned").string()}, "with").status, 0);
}

TEST_F(Train, OneCommandMeasuresAllAgainAndSetsThemSideBySide) {
  const std::vector<std::string> measure = {"measure", (folder / "train.toml").string(), "--adapters",
                                            (folder / "adapters").string(), "--quiet"};
  EXPECT_THAT(test::run_program(measure).err, HasSubstr("holds no adapter of tertium train"));
  ASSERT_EQ(train("adapters", {"baselines=[\"task_only\", \"shuffled_pairs\"]"}).status, 0);
  const Finished finished = test::run_program(measure);
  ASSERT_EQ(finished.status, 0) << finished.err;
  EXPECT_THAT(finished.out,
              AllOf(HasSubstr("Transfer under aligned, not under before"),
                    HasSubstr("Transfer under aligned, not under task_only"),
                    HasSubstr("Transfer under aligned, not under shuffled_pairs"), HasSubstr("Conclusions")));
  const auto results = [&](const char* name) { return (folder / "adapters/results" / name).string(); };
  EXPECT_GT(fs::file_size(results("report.html")), 100'000u);
  const json compared =
      json::parse(test::run_program({"compare", results("before"), results("aligned"), "--json"}).out);
  const json &transfer = compared.at("transfer").at(0), &answers = compared.at("answers");
  EXPECT_EQ(transfer.at("second_ts").get<int>(),
            transfer.at("first_ts").get<int>() + transfer.at("mended").get<int>() - transfer.at("broken").get<int>());
  EXPECT_EQ(answers.size(), 2u);  // the pivot's, too
  // What is measured stays: a second time nothing is computed.
  EXPECT_THAT(test::run_program(measure).out, HasSubstr("done already"));
}

TEST_F(Train, TaskAndAlignmentTakeTurnsAndEveryStepIsLogged) {
  ASSERT_EQ(train("adapters").status, 0);
  std::size_t steps = 0;
  for (const json& line : log("adapters")) {
    if (!line.contains("rate")) continue;
    ++steps;
    EXPECT_EQ(line.at("task").is_null(), steps % 2 == 0) << line;
    EXPECT_EQ(line.at("alignment").is_null(), steps % 2 == 1) << line;
  }
  EXPECT_EQ(steps, 12u);
}

TEST_F(Train, WhatIsBrokenOffGoesOnToTheSameNumbers) {
  const std::vector<std::string> longer = {"steps=400", "evaluate_every=50", "dropout=0.1", "accumulate=2"};
  ASSERT_EQ(train("whole", longer).status, 0);
  Finished finished;
  int stops = 0;
  for (int tries = 0; tries < 50; ++tries) {
    const std::chrono::milliseconds after(400 + 150 * tries + 20 * tries * tries);  // slow machines get further, too
    finished = test::kill_program(command("parts", longer), after, SIGTERM);
    if (finished.status == 0) break;
    ASSERT_EQ(finished.status, 128 + SIGTERM) << finished.err;
    ++stops;
  }
  ASSERT_EQ(finished.status, 0) << finished.err;
  EXPECT_GE(stops, 1) << "it was never broken off";
  EXPECT_TRUE(tensors("parts") == tensors("whole"));
  EXPECT_EQ(log("parts"), log("whole"));
}

TEST_F(Train, TheSameCommandFindsItDoneAndAnotherIsNotMixedIn) {
  ASSERT_EQ(train("adapters").status, 0);
  const std::string first = tensors("adapters");
  ASSERT_EQ(train("adapters").status, 0);
  EXPECT_TRUE(tensors("adapters") == first);
  const Finished other = train("adapters", {"learning_rate=0.02"});
  EXPECT_EQ(other.status, 1);
  EXPECT_THAT(other.err, HasSubstr("was made by a training of something else"));
  EXPECT_TRUE(tensors("adapters") == first);
}

TEST_F(Train, BaselinesTakeTheSameStepsAndDifferAsTheyShould) {
  ASSERT_EQ(train("adapters", {"baselines=[\"task_only\", \"shuffled_pairs\"]"}).status, 0);
  for (const json& line : log("adapters", "task_only"))
    if (line.contains("rate")) {
      EXPECT_TRUE(line.at("alignment").is_null());
    }
  EXPECT_EQ(log("adapters", "task_only").size(), log("adapters", "aligned").size());
  EXPECT_EQ(log("adapters", "shuffled_pairs").size(), log("adapters", "aligned").size());
  // The first step is the task's, and the same for all.
  EXPECT_EQ(log("adapters", "task_only")[0], log("adapters", "aligned")[0]);
  EXPECT_NE(log("adapters", "shuffled_pairs")[1].at("alignment"), log("adapters", "aligned")[1].at("alignment"));
  EXPECT_TRUE(tensors("adapters", "task_only") != tensors("adapters", "aligned"));
}

TEST_F(Train, EndsEarlyWithTheBestAdapterAndSoDoTheBaselines) {
  // Far too fast, so that nothing improves for long.
  ASSERT_EQ(train("adapters", {"steps=200", "evaluate_every=5", "patience=2", "learning_rate=0.1",
                               "baselines=[\"shuffled_pairs\"]"})
                .status,
            0);
  int best_step = 0, last_step = 0, baseline = 0;
  double best = 1e9;
  for (const json& line : log("adapters")) {
    last_step = line.at("step");
    if (!line.contains("held_out_alignment") || line.at("held_out_alignment") >= best) continue;
    best = line.at("held_out_alignment");
    best_step = line.at("step");
  }
  EXPECT_LT(last_step, 200);
  EXPECT_EQ(last_step, best_step + 10);
  for (const json& line : log("adapters", "shuffled_pairs")) baseline = line.at("step");
  EXPECT_EQ(baseline, best_step);
}

TEST_F(Train, HalfPrecisionProductsAlignAsWellAndAreAnotherTraining) {
  const std::vector<std::string> halves = {"dtype=bf16", "steps=60", "evaluate_every=30"};
  ASSERT_EQ(train("halves", halves).status, 0);
  const json before = json::parse(read_text_file(folder / "halves/training.json"));
  EXPECT_LT(log("halves").back().at("held_out_alignment").get<double>(), 0.95 * before.at("before").at("alignment").get<double>());
  EXPECT_THAT(train("halves", {"steps=60", "evaluate_every=30"}).err, HasSubstr("was made by a training of something else"));
  EXPECT_THAT(error({"dtype=f16"}), HasSubstr("bf16"));
}

TEST_F(Train, RecomputedActivationsGiveTheSameAdapter) {
  ASSERT_EQ(train("kept").status, 0);
  ASSERT_EQ(train("again", {"recompute=true"}).status, 0);
  const Adapter one(folder / "kept/aligned"), other(folder / "again/aligned");
  for (const auto& [module, factors] : one.modules()) {
    std::vector<float> a(factors.b->count()), b(a.size());
    to_f32(*factors.b, a);
    to_f32(*other.modules().find(module)->second.b, b);
    for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-4) << module;
  }
}

TEST_F(Train, TheLayerMayBeThatOfTheHighestMexa) {
  ASSERT_EQ(train("adapters", {"layer=mexa"}).status, 0);
  const json about = json::parse(read_text_file(folder / "adapters/training.json"));
  const std::vector<double> mexa = about.at("before").at("mexa").at("de");
  const int layer = about.at("layer");
  EXPECT_EQ(mexa[layer], *std::max_element(mexa.begin() + 1, mexa.end()));
}

TEST_F(Train, TheTaskMayBeItemsWhoseRightAnswersBearTheLoss) {
  write(R"(
[train]
data = "flores"
split = "dev"
languages = ["de"]
layer = 1
task = "items"
task_languages = ["en", "de"]
steps = 4
batch = 4
)");
  const Finished finished = test::run_program(
      {"train", (folder / "train.toml").string(), "--out", (folder / "adapters").string()});
  ASSERT_EQ(finished.status, 0) << finished.err;
  EXPECT_THAT(finished.out, HasSubstr("texts of the task: 36 (4 held out)"));
}

TEST_F(Train, BadInputGetsOneClearLine) {
  EXPECT_THAT(error({"layer=9"}), HasSubstr("train.layer: 9 is no stream index of this model, which has 0 to 2"));
  EXPECT_THAT(error({"layer=0"}), HasSubstr("\"layer\": must be a stream index from 1 on"));
  EXPECT_THAT(error({"targets=[\"q_prog\"]"}), HasSubstr("train.targets: \"q_prog\": the family llama has"));
  EXPECT_THAT(error({"languages=[\"fr\"]"}), HasSubstr("fr.dev"));
  EXPECT_THAT(error({"languages=[]"}), HasSubstr("must name what is aligned with en"));
  EXPECT_THAT(error({"schedule=linear"}), HasSubstr("tertium knows inverse_sqrt, cosine, constant"));
  EXPECT_THAT(error({"learning_rate=2"}), HasSubstr("must be a number from 1e-09 to 1"));
  EXPECT_THAT(error({"temprature=1"}), HasSubstr("did you mean \"temperature\"?"));
  EXPECT_THAT(error({"task=items"}), HasSubstr("leave one out"));
  EXPECT_THAT(error({"limit=2", "held_out=0.5"}), HasSubstr("pairs of de remain to train on"));
  temporary.write("flores/de.dev", "die Sonne ist warm\n");
  EXPECT_THAT(error({}), HasSubstr("they are not parallel, line by line"));
  write("");
  EXPECT_THAT(error({}), HasSubstr("has no [train] table"));
}

}  // namespace
}  // namespace tertium
