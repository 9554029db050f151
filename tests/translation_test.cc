// Translation tasks: a whole run against a recomputation written plainly, and against an independent one in
// transformers.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "tertium/engine/engine.h"
#include "tertium/engine/intervene.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/translation.h"
#include "tertium/model/config.h"
#include "tertium/store/store.h"
#include "tertium/translation/corpus_scores.h"
#include "tests/support/small_experiment.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::error_of;
using testing::HasSubstr;

using Rows = std::map<std::pair<std::string, std::string>, GenerationRow>;  // by item and condition

Rows rows_of(const Store& store, const std::string& language) {
  Rows rows;
  for (const GenerationRow& row : store.generations())
    if (row.language == language) rows[{row.item, row.condition}] = row;
  return rows;
}

class Translation : public test::SmallExperiment {
 protected:
  Translation() {
    temporary.write("corpus/en.txt", "the rain is wet\nthe dog is very hot\nthe sun\nfire is dry\nthe cat is cold\n");
    temporary.write(
        "corpus/de.txt",
        "die Nässe ist nass\ndie Hündin ist sehr warm\ndie Sonne ist\nGlut ist trocken\ndie Katze ist kalt\n");
    temporary.write("corpus/it.txt", "wet rain\nvery hot dog\nsun sun the\ndry dry\ncold cold cat the\n");
    temporary.write("corpus/fr.txt", "wet A\nvery hot B\nsun sun A\ndry B\ncold A the\n");
    write("shots = 1\n", "");
  }
  void write(const std::string& keys, const std::string& rest) {
    temporary.write("experiment.toml",
                    "model = \"model\"\ndtype = \"f32\"\n[[task]]\nname = \"translate\"\ndata = \"corpus\"\n"
                    "languages = [\"de\"]\ntarget = \"it\"\nother_target = \"fr\"\nmax_new_tokens = 6\n" +
                        keys + rest);
  }
  void write_patched(const std::string& patch) { write("shots = 1\n", "[patch]\n" + patch); }

  Experiment read() const { return read_experiment(experiment, {}); }
};

/// What is done to a whole text.
using Edit = std::function<void(Job&)>;

/// The sum of the log-probabilities of a question's answer, from one text that is computed whole.
double forced(const Engine& engine, const Question& question, const Edit& edit = {}) {
  Job job{.name = "whole", .strands = {{.tokens = question.context}}};
  const std::vector<TokenId>& answer = question.options[0];
  std::vector<TokenId>& tokens = job.strands[0].tokens;
  tokens.insert(tokens.end(), answer.begin(), answer.end() - 1);
  for (std::size_t i = 0; i < answer.size(); ++i)
    job.readings.push_back({0, static_cast<int>(question.context.size() + i) - 1, Readout::log_probs, {answer[i]}});
  if (edit) edit(job);
  double sum = 0;
  for (const std::vector<float>& reading : engine.run(job).readings) sum += reading[0];
  return sum;
}

/// The likeliest tokens, each from the whole text anew.
std::vector<TokenId> greedy(const Engine& engine, const Question& question, std::size_t most, const Edit& edit = {}) {
  std::vector<TokenId> tokens = question.context, made;
  const std::vector<std::int32_t>& ends = engine.model().config().end_tokens;
  while (made.size() < most) {
    Job job{.name = "whole", .strands = {{.tokens = tokens}}};
    job.readings = {{0, static_cast<int>(tokens.size()) - 1, Readout::logits, {}}};
    if (edit) edit(job);
    const std::vector<float> logits = engine.run(job).readings[0];
    const auto next = static_cast<TokenId>(std::ranges::max_element(logits) - logits.begin());
    if (std::ranges::find(ends, next) != ends.end()) break;
    tokens.push_back(next);
    made.push_back(next);
  }
  return made;
}

/// resid_post of a block at one row of a prompt.
std::vector<float> state(const Engine& engine, const Question& question, int block, int row) {
  Job job{.name = "donor", .strands = {{.tokens = question.context}}};
  job.recordings = {{0, row, 1, Quantity::resid}};
  const std::vector<float> all = engine.run(job).recordings[0];
  const std::size_t width = static_cast<std::size_t>(engine.model().config().hidden);
  return {all.begin() + static_cast<std::ptrdiff_t>((block + 1) * width),
          all.begin() + static_cast<std::ptrdiff_t>((block + 2) * width)};
}

TEST_F(Translation, StoresWhatANaiveRecomputationGives) {
  write_patched(
      "positions = [\"source_end\", \"source\", \"last\"]\ncontrols = [\"self\", \"same_gold\", \"other_target\"]\n"
      "texts = [0, 1]\n");
  const Store store = Store::open(results_of("results"));
  const Engine engine(Model::load(model, "f32"));
  const Tokenizer tokenizer = Tokenizer::open(model);
  const PreparedTranslation task = std::move(prepare_translations(read(), tokenizer, {128, 1000})[0]);
  ASSERT_EQ(task.references.size(), 4u) << "the first line is the example";
  EXPECT_EQ(task.pivot.items[0].id, "1");
  const Rows en = rows_of(store, "en"), de = rows_of(store, "de");
  EXPECT_EQ(en.size(), 4u) << "the pivot is not patched";
  EXPECT_EQ(de.size(), 4u * (1 + 3 * tiny.blocks * 4));
  const auto expect_row = [&](const GenerationRow& row, const Question& question, std::size_t i, const Edit& edit) {
    EXPECT_NEAR(*row.log_prob, forced(engine, question, edit), 1e-4) << row.item << row.condition;
    ASSERT_TRUE(row.text) << row.condition;
    const std::vector<TokenId> made = greedy(engine, question, 6, edit);
    EXPECT_EQ(row.tokens, static_cast<int>(made.size())) << row.condition;
    EXPECT_EQ(*row.text, tokenizer.decode(made)) << row.condition;
    EXPECT_NEAR(*row.chrfpp, chrf_plus_plus(chrf_counts(*row.text, task.references[i])), 1e-9);
  };
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string& id = task.pivot.items[i].id;
    const Question &own = task.others[0].questions[i], &pivot = task.pivot.questions[i],
                   &elsewhere = task.pivot_elsewhere.questions[i];
    expect_row(en.at({id, ""}), pivot, i, {});
    expect_row(de.at({id, ""}), own, i, {});
    for (int block = 0; block < tiny.blocks; ++block)
      for (const std::string position : {"source_end", "last"}) {
        const int into = own.positions.at(position)[0];
        const auto from = [&](const Question& donor) {
          return state(engine, donor, block, donor.positions.at(position)[0]);
        };
        const auto expect = [&](const char* control, const std::vector<float>& given) {
          const std::string condition = fmt::format("resid_post@{} {} {} 0", block, position, control);
          expect_row(de.at({id, condition}), own, i, [&](Job& job) {
            job.interventions.push_back({0, into, {SiteKind::resid_post, block}, {.values = given}});
          });
        };
        expect("main", from(pivot));
        expect("self", from(own));
        expect("other_target", from(elsewhere));
      }
    // The source's rows by their share of the way.
    const std::vector<int>&into = own.positions.at("source"), &from = pivot.positions.at("source");
    std::vector<std::vector<float>> given;
    for (std::size_t r = 0; r < into.size(); ++r) {
      const double share = into.size() == 1 ? 1 : static_cast<double>(r) / static_cast<double>(into.size() - 1);
      given.push_back(state(engine, pivot, 1, from[std::lround(share * static_cast<double>(from.size() - 1))]));
    }
    expect_row(de.at({id, "resid_post@1 source main 0"}), own, i, [&](Job& job) {
      for (std::size_t r = 0; r < into.size(); ++r)
        job.interventions.push_back({0, into[r], {SiteKind::resid_post, 1}, {.values = given[r]}});
    });
  }
}

TEST_F(Translation, WhatIsMovedEverywhereIsMovedBehindThePromptToo) {
  write_patched("positions = [\"everywhere\"]\ncontrols = [\"mean_shift\"]\ntexts = [0, 1]\n");
  const Store store = Store::open(results_of("results"));
  const Engine engine(Model::load(model, "f32"));
  const Tokenizer tokenizer = Tokenizer::open(model);
  const PreparedTranslation task = std::move(prepare_translations(read(), tokenizer, {128, 1000})[0]);
  const Rows de = rows_of(store, "de");
  for (int block = 0; block < tiny.blocks; ++block) {
    // A text's mean over its rows.
    const auto mean = [&](const Question& question) {
      std::vector<double> sum(static_cast<std::size_t>(tiny.width));
      for (int row = 0; row <= question.last_row(); ++row) {
        const std::vector<float> one = state(engine, question, block, row);
        for (std::size_t d = 0; d < sum.size(); ++d) sum[d] += one[d] / static_cast<double>(question.context.size());
      }
      return sum;
    };
    for (std::size_t i = 0; i < 4; ++i) {
      std::vector<float> shift(static_cast<std::size_t>(tiny.width));
      for (std::size_t other = 0; other < 4; ++other) {
        if (other == i) continue;
        const std::vector<double> a = mean(task.pivot.questions[other]), b = mean(task.others[0].questions[other]);
        for (std::size_t d = 0; d < shift.size(); ++d) shift[d] += static_cast<float>((a[d] - b[d]) / 3);
      }
      const Edit edit = [&](Job& job) {
        everywhere(job, 0, {SiteKind::resid_post, block}, {.values = shift, .operation = Operation::add});
      };
      const GenerationRow& row =
          de.at({task.pivot.items[i].id, fmt::format("resid_post@{} everywhere mean_shift 0", block)});
      const Question& question = task.others[0].questions[i];
      EXPECT_NEAR(*row.log_prob, forced(engine, question, edit), 1e-4);
      EXPECT_EQ(row.text, tokenizer.decode(greedy(engine, question, 6, edit)));
    }
  }
}

TEST_F(Translation, IsShownByEveryCommand) {
  write_patched("positions = [\"last\"]\n[align]\n");
  const std::string folder = results_of("results").string();
  EXPECT_THAT(test::output_of({"show", folder}), HasSubstr("translate, into it, pivot en"));
  EXPECT_THAT(test::output_of({"show", folder, "--all"}),
              HasSubstr("Are sentences translated better whose source is nearer to the pivot's?"));
  EXPECT_THAT(test::output_of({"stats", folder}), HasSubstr("de: change of the reference's log-probability"));
  const json all = json::parse(test::output_of({"stats", folder, "--json"}));
  ASSERT_EQ(all.at("translations").size(), 2u);
  EXPECT_EQ(all["translations"][1].at("language"), "de");
  EXPECT_EQ(all["translations"][1].at("n"), 4);
  // Two metrics at 4 layers, two qualities.
  EXPECT_EQ(all.at("translation_alignment").size(), 2u * 4 * 2);
  EXPECT_EQ(all.at("translation_patches").size(), tiny.blocks * 5u) << "main and four controls";
  for (const json& row : all["translation_patches"])
    if (row.at("control") == "self") {
      EXPECT_NEAR(row.at("change").get<double>(), 0, 1e-4);
    }
  EXPECT_THAT(test::output_of({"export", folder, "--table", "generations"}), HasSubstr("resid_post@1 last main 0"));
  EXPECT_THAT(test::output_of({"report", folder, "-o", (this->folder / "page.html").string()}), HasSubstr("page.html"));
}

TEST_F(Translation, GoesOnAndComputesOnlyWhatIsNew) {
  write("shots = 1\nlimit = 2\n", "[patch]\ncontrols = [\"self\"]\n");
  const fs::path folder = results_of("results");
  const std::size_t before = Store::open(folder).generations().size();
  EXPECT_EQ(before, 2u + 2 * (1 + tiny.blocks * 2));
  const std::size_t units = Store::open(folder).units().size();
  results_of("results");
  EXPECT_EQ(Store::open(folder).units().size(), units);
  write("shots = 1\n", "[patch]\ncontrols = [\"self\", \"norm_noise\"]\n");
  results_of("results");
  EXPECT_EQ(Store::open(folder).generations().size(), 4u + 4 * (1 + tiny.blocks * 3));
}

TEST_F(Translation, RefusesWhatMakesNoSenseBeforeAnythingRuns) {
  const auto refused = [&](const std::string& keys, const std::string& rest = "") {
    write(keys, rest);
    const test::Finished finished = run();
    EXPECT_NE(finished.status, 0);
    EXPECT_FALSE(fs::exists(results / "results.db"));
    return finished.err;
  };
  EXPECT_THAT(refused("shots = 4\n"), HasSubstr("1 sentences remain behind 4 examples"));
  EXPECT_THAT(refused("shots = 1\nshots_choice = \"seeded\"\n"), HasSubstr("1 examples are asked for"));
  EXPECT_THAT(refused("names = { es = \"Spanish\" }\n"), HasSubstr("es is neither"));
  write("", "");
  EXPECT_THAT(run({"--set", "task.max_new_tokens=120"}).err, HasSubstr("exceed the model's context of 128"));
  EXPECT_THAT(refused("", "[patch]\npositions = [\"colon\"]\n"), HasSubstr("has no position \"colon\""));
  EXPECT_THAT(refused("", "[patch]\ndirections = [\"keep\"]\n"), HasSubstr("direction fix"));
  temporary.write("corpus/it.txt", "wet\nhot\n");
  EXPECT_THAT(refused(""), HasSubstr("not parallel, line by line"));
}

TEST(SharedTranslation, IsTheReferences) {
  const fs::path model = test::source_folder() / ".deps/models/gemma3-270m/gemma3-270m-q4_k_m.gguf";
  const fs::path reference = test::shared_folder() / "reference/translate_fra_Latn_deu_Latn.json";
  if (!fs::exists(reference) || !fs::exists(model)) GTEST_SKIP() << "SKIPPED: needs " << reference << " and " << model;
  const json expected = json::parse(std::ifstream(reference));
  const Engine engine(Model::load(model, "f32"));
  Experiment experiment{.model = model, .dtype = "f32", .pivot = "eng_Latn"};
  TranslateSpec spec{.target = "deu_Latn", .shots = 3, .most_tokens = 32};
  spec.text = {.data = test::shared_folder() / "data/flores200", .languages = {"fra_Latn"}, .limit = 12};
  spec.names = {{"eng_Latn", "English"}, {"fra_Latn", "French"}, {"deu_Latn", "German"}};
  experiment.translations = {spec};
  experiment.patch = PatchSpec{.positions = {"source_end", "last"}, .controls = {}};
  const Tokenizer tokenizer = Tokenizer::open(model);
  const auto translations = prepare_translations(experiment, tokenizer, {4096, 1 << 20});
  const test::TempFolder folder;
  Store store = Store::create(folder.path(), /*replace=*/false);
  RunOutcome outcome;
  run_translations(
      experiment, translations, tokenizer, engine, store, [](auto, auto, auto) {}, RunControl{}, outcome);
  const Rows en = rows_of(store, "eng_Latn"), fr = rows_of(store, "fra_Latn");
  std::vector<SegmentCounts> counts[2];
  std::size_t patched = 0, other_texts = 0;
  for (std::size_t i = 0; i < expected["rows"].size(); ++i) {
    const json& row = expected["rows"][i];
    const std::string item = std::to_string(row["item"].get<int>());
    const GenerationRow &pivot = en.at({item, ""}), &own = fr.at({item, ""});
    EXPECT_EQ(own.reference_tokens, row["tokens"]);
    EXPECT_NEAR(*pivot.log_prob, row["pivot"].get<double>(), 0.02);
    EXPECT_NEAR(*own.log_prob, row["own"].get<double>(), 0.02);
    // Where two tokens are as likely but for rounding, a text may go on otherwise.
    other_texts += *pivot.text != row["pivot_text"];
    other_texts += *own.text != row["own_text"];
    for (const auto& [k, name] : {std::pair(0, "pivot_text"), std::pair(1, "own_text")})
      counts[k].push_back(
          segment_counts(row[name].get<std::string>(), row["reference"].get<std::string>(), BleuTokenizer::v13a));
    EXPECT_EQ(translations[0].references[i], row["reference"]);
    if (*own.text == row["own_text"]) {
      EXPECT_NEAR(*own.chrfpp, expected["own"]["sentence_chrf2pp"][i].get<double>(), 1e-6);
    }
    for (const std::string position : {"source_end", "last"})
      for (int block = 0; block < 18; ++block, ++patched)
        EXPECT_NEAR(*fr.at({item, fmt::format("resid_post@{} {} main 0", block, position)}).log_prob,
                    row["patched"][position][static_cast<std::size_t>(block)].get<double>(), 0.03)
            << item << " " << position << " " << block;
  }
  EXPECT_EQ(patched, 12u * 2 * 18);
  printf("%zu of 24 texts go on otherwise\n", other_texts);
  EXPECT_LE(other_texts, 2u);
  Bootstrap bootstrap;
  for (const auto& [k, name] : {std::pair(0, "pivot"), std::pair(1, "own")}) {
    const CorpusScores scores = corpus_scores(counts[k], bootstrap);
    EXPECT_NEAR(scores.chrf_plus_plus.value, expected[name]["chrf2pp"].get<double>(), 1e-6);
    EXPECT_NEAR(scores.bleu.value, expected[name]["bleu"].get<double>(), 1e-6);
  }
}

}  // namespace
}  // namespace tertium
