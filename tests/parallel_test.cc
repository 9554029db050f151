// Parallel corpora: a whole run against a recomputation written plainly, and against an independent one in
// transformers.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "tertium/engine/engine.h"
#include "tertium/experiment/corpora.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/states.h"
#include "tertium/store/store.h"
#include "tests/support/small_experiment.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::error_of;
using testing::HasSubstr;

using Vector = std::vector<double>;
/// The value of every row: pooling, stream, layer, measure.
using Rows = std::map<std::tuple<std::string, std::string, int, std::string>, CorpusRow>;

Rows rows_of(const Store& store, const std::string& language) {
  Rows rows;
  for (const CorpusRow& row : store.corpora())
    if (row.language == language) rows[{row.pooling, row.stream, row.layer, row.measure}] = row;
  return rows;
}

double cosine(const Vector& a, const Vector& b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t d = 0; d < a.size(); ++d) ab += a[d] * b[d], aa += a[d] * a[d], bb += b[d] * b[d];
  return ab / std::sqrt(aa * bb);
}

class Parallel : public test::SmallExperiment {
 protected:
  Parallel() {
    temporary.write("corpus/en.txt", "the rain is wet\nthe dog is very hot\nthe sun\nfire is dry\nthe cat is cold\n");
    temporary.write("corpus/de.txt",
                    "die Nässe ist nass\ndie Hündin ist sehr warm\ndie Sonne\nGlut ist trocken\ndie Katze ist kalt\n");
    write("");
  }
  void write(const std::string& keys) {
    temporary.write("experiment.toml",
                    "model = \"model\"\ndtype = \"f32\"\n[[task]]\nname = \"parallel\"\n"
                    "data = \"corpus\"\nlanguages = [\"de\"]\n" +
                        keys);
  }

  /// States of a text by pooling and layer, from those of its tokens one by one.
  std::map<std::string, std::vector<Vector>> pooled(const Engine& engine, const Tokenizer& tokenizer,
                                                    const std::string& text) const {
    const SequenceStates states = states_of(engine, text, encode_prompt(tokenizer, text), /*with_logits=*/false);
    const std::size_t tokens = states.ids.size(), width = static_cast<std::size_t>(tiny.width);
    std::vector<float> all = states.resid;
    all.insert(all.end(), states.final_norm.begin(), states.final_norm.end());
    std::map<std::string, std::vector<Vector>> pooled;
    for (std::size_t layer = 0; layer < static_cast<std::size_t>(tiny.blocks) + 2; ++layer) {
      Vector last(width), mean(width), weighted(width);
      for (std::size_t t = 0; t < tokens; ++t)
        for (std::size_t d = 0; d < width; ++d) {
          const double x = all[(layer * tokens + t) * width + d];
          last[d] = x;
          mean[d] += x / static_cast<double>(tokens);
          weighted[d] += x * static_cast<double>(t + 1) * 2 / static_cast<double>(tokens * (tokens + 1));
        }
      pooled["last"].push_back(last), pooled["mean"].push_back(mean), pooled["weighted"].push_back(weighted);
    }
    return pooled;
  }
};

std::vector<std::string> lines(const fs::path& file) {
  std::vector<std::string> lines;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST_F(Parallel, StoresWhatANaiveRecomputationGives) {
  const Store store = Store::open(results_of("results"));
  const Rows rows = rows_of(store, "de");
  const Engine engine(Model::load(model, "f32"));
  const Tokenizer tokenizer = Tokenizer::open(model);
  std::vector<std::map<std::string, std::vector<Vector>>> en, de;
  for (const std::string& line : lines(folder / "corpus/en.txt")) en.push_back(pooled(engine, tokenizer, line));
  for (const std::string& line : lines(folder / "corpus/de.txt")) de.push_back(pooled(engine, tokenizer, line));
  const int layers = tiny.blocks + 2;
  double sum = 0;
  for (const std::string pooling : {"weighted", "last", "mean"})
    for (int layer = 0; layer < layers; ++layer) {
      double mexa = 0, row_hits = 0, column_hits = 0;
      for (std::size_t i = 0; i < en.size(); ++i) {
        bool row = true, column = true;
        for (std::size_t j = 0; j < en.size(); ++j) {
          if (j == i) continue;
          const double own = cosine(en[i][pooling][layer], de[i][pooling][layer]);
          row = row && own - cosine(en[i][pooling][layer], de[j][pooling][layer]) >= 1e-6;
          column = column && own - cosine(en[j][pooling][layer], de[i][pooling][layer]) >= 1e-6;
        }
        mexa += row && column, row_hits += row, column_hits += column;
      }
      const bool is_norm = layer + 1 == layers;
      const auto value = [&](const char* measure) {
        const auto found = rows.find({pooling, is_norm ? "final_norm" : "resid", is_norm ? layer - 1 : layer, measure});
        return found == rows.end() ? -1 : found->second.value;
      };
      EXPECT_NEAR(value("mexa"), mexa / 5, 1e-12) << pooling << layer;
      EXPECT_NEAR(value("p1_row"), row_hits / 5, 1e-12) << pooling << layer;
      EXPECT_NEAR(value("p1_col"), column_hits / 5, 1e-12) << pooling << layer;
      sum += row_hits + column_hits;
    }
  EXPECT_GT(sum, 10) << "says little where nothing is retrieved";
  EXPECT_LT(sum, 2 * 5 * 3 * layers - 10) << "and where everything is";
}

TEST_F(Parallel, RunsWithoutAnyBenchmarkAndIsShownByEveryCommand) {
  const std::string folder_of_run = results_of("results").string();
  EXPECT_THAT(test::output_of({"show", folder_of_run}), HasSubstr("parallel, corpus: 5 sentences, pivot en"));
  const std::string statistics = test::output_of({"stats", folder_of_run});
  EXPECT_THAT(statistics, HasSubstr("MEXA on corpus by stream index"));
  EXPECT_THAT(statistics, HasSubstr("corpus, 5 sentences, pooling weighted: MEXA is largest in de"));
  const json all = json::parse(test::output_of({"stats", folder_of_run, "--json"}));
  EXPECT_EQ(all.at("corpora").size(), rows_of(Store::open(folder_of_run), "de").size());
}

TEST_F(Parallel, TakesPoolingsSentencesAndTheFilesOwnNames) {
  fs::rename(folder / "corpus/en.txt", folder / "corpus/eng_Latn.dev");
  fs::rename(folder / "corpus/de.txt", folder / "corpus/deu_Latn.dev");
  write(
      "split = \"dev\"\noffset = 1\nlimit = 3\npooling = [\"last\"]\nfiles = { en = \"eng_Latn\", de = \"deu_Latn\" "
      "}\n");
  const Store store = Store::open(results_of("results"));
  for (const CorpusRow& row : store.corpora()) {
    EXPECT_EQ(row.corpus, "corpus.dev");
    EXPECT_EQ(row.language, "de");
    EXPECT_EQ(row.pooling, "last");
  }
  EXPECT_THAT(store.info(), testing::Contains(testing::Pair("sentences corpus.dev", "3")));
}

TEST_F(Parallel, RefusesFilesThatAreNotParallelBeforeAnythingRuns) {
  temporary.write("corpus/de.txt", "die Sonne\ndie Katze\n");
  const test::Finished finished = run();
  EXPECT_NE(finished.status, 0);
  EXPECT_THAT(finished.err, HasSubstr("de.txt has 2 sentences, but"));
  EXPECT_FALSE(fs::exists(results / "results.db"));
  write("offset = 4\n");
  EXPECT_THAT(run().err, HasSubstr("1 sentences of en remain after offset 4"));
}

class SharedParallel : public testing::TestWithParam<const char*> {};

TEST_P(SharedParallel, MexaIsTheReferences) {
  const fs::path model = test::source_folder() / ".deps/models/gemma3-270m/gemma3-270m-q4_k_m.gguf";
  const std::string language = GetParam();
  const fs::path reference = test::shared_folder() / "reference" / ("mexa_" + language + ".json");
  if (!fs::exists(reference) || !fs::exists(model)) GTEST_SKIP() << "SKIPPED: needs " << reference << " and " << model;
  const json expected = json::parse(std::ifstream(reference));
  const Engine engine(Model::load(model, "f32"));
  const Experiment experiment{.pivot = "eng_Latn",
                              .corpora = {{.data = test::shared_folder() / "data/flores200", .languages = {language}}}};
  const test::TempFolder folder;
  Store store = Store::create(folder.path(), /*replace=*/false);
  RunOutcome outcome;
  run_corpora(
      prepare_corpora(experiment, Tokenizer::open(model), {4096, 1 << 20}), engine, store, [](auto, auto, auto) {},
      RunControl{}, outcome);
  Rows rows = rows_of(store, language);
  std::map<std::string, std::string> info;
  for (const auto& [key, value] : store.info()) info[key] = value;
  std::size_t compared = 0;
  std::map<std::string, double> fewer;  // sentences, by measure
  for (const auto& [pooling, measures] : expected.items())
    for (const auto& [measure, values] : measures.items())
      for (std::size_t layer = 0; layer < values.size(); ++layer) {
        const bool is_norm = layer + 1 == values.size();
        const auto found =
            rows.find({pooling, is_norm ? "final_norm" : "resid", static_cast<int>(layer) - is_norm, measure});
        ASSERT_NE(found, rows.end()) << pooling << measure << layer;
        const double less = values[layer].get<double>() - found->second.value;
        EXPECT_GE(less, -1e-3) << pooling << " " << measure << " " << layer;
        fewer[measure] += 100 * less;
        ++compared;
      }
  EXPECT_EQ(compared, 3u * 3 * 20);
  // The reference counts any difference; here one below 1e-6 is a tie, which counts as none and is counted.
  for (const auto& [measure, sentences] : fewer) {
    const double ties = std::atof(info[fmt::format("ties parallel flores200 {} {}", language, measure)].c_str());
    printf("%s %s: %.0f of 6000 comparisons fewer, %.0f ties\n", language.c_str(), measure.c_str(), sentences, ties);
    EXPECT_LE(sentences, ties + 0.1) << measure;
    EXPECT_LE(sentences, 30) << "of 6,000: ties are rare";
  }
}

INSTANTIATE_TEST_SUITE_P(Languages, SharedParallel, testing::Values("deu_Latn", "tha_Thai"));

}  // namespace
}  // namespace tertium
