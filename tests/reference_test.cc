// The whole experiment on a real model against an independent one, written in plain transformers (../shared/reference).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <numeric>
#include <nlohmann/json.hpp>

#include "tertium/engine/engine.h"
#include "tertium/experiment/lens_rows.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/scoring.h"
#include "tertium/metrics/metric.h"
#include "tertium/model/config.h"
#include "tertium/protocols/answer.h"
#include "tertium/store/store.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const std::vector<std::string> kLanguages = {"it", "zh", "sw"};
constexpr double kScoreTolerance = 0.01, kPatchedTolerance = 0.02, kTieTolerance = 1e-5;

fs::path model_path() { return test::source_folder() / ".deps/models/gemma3-270m/gemma3-270m-q4_k_m.gguf"; }

json reference(const std::string& language) {
  return json::parse(std::ifstream(test::shared_folder() / "reference" / (language + ".json")));
}

/// What one protocol's run stored, by language and item.
struct Stored {
  std::map<std::string, std::vector<std::vector<double>>> scores;                  // language → [item][option]
  std::map<std::string, std::map<int, std::vector<std::vector<double>>>> patched;  // language → item → [block][option]
  std::map<std::string, std::map<std::string, std::vector<std::vector<double>>>>
      alignment;  // language → metric → [index][item]
};

template <class T>
T& at_grown(std::vector<T>& values, std::size_t index) {
  if (values.size() <= index) values.resize(index + 1);
  return values[index];
}

class Reference : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!available()) return;
    tokenizer = std::make_unique<Tokenizer>(Tokenizer::open(model_path()));
    engine = std::make_unique<Engine>(Model::load(model_path(), "f32"));
    loglik = std::make_unique<Stored>(run(Protocol::loglik));
    letters = std::make_unique<Stored>(run(Protocol::letters));
  }
  static void TearDownTestSuite() { loglik.reset(), letters.reset(), engine.reset(), tokenizer.reset(); }
  void SetUp() override {
    if (!available())
      GTEST_SKIP() << "SKIPPED: needs " << test::shared_folder() / "reference"
                   << " and " << model_path();
  }

  static bool available() {
    return fs::exists(test::shared_folder() / "reference" / "en.json") && fs::exists(model_path());
  }

  static Experiment experiment(Protocol protocol) {
    const bool is_loglik = protocol == Protocol::loglik;
    TaskSpec task{
        .name = "xcopa", .data = test::shared_folder() / "data/xcopa", .languages = kLanguages, .protocol = protocol};
    if (!is_loglik) task.prompt = test::shared_folder() / "paper/prompts.toml";
    Experiment experiment{.model = model_path(), .dtype = "f32", .tasks = {task}};
    if (is_loglik) experiment.metrics = {"dali", "dali_row", "dalist", "dali_margin", "mexat"};
    // The reference patches the first 8 TF items in loglik, and the first 6 items whatever their outcome in letters.
    experiment.patch = PatchSpec{.all_items = !is_loglik, .max_items = is_loglik ? 8 : 6, .controls = {}};
    return experiment;
  }

  static Stored run(Protocol protocol) {
    const test::TempFolder folder;
    const Experiment what = experiment(protocol);
    Store store = Store::create(folder.path(), /*replace=*/false);
    run_experiment(what, prepare(what, *tokenizer, engine->model().config()), *engine, store, [](auto, auto, auto) {});
    Stored stored;
    for (const ScoreRow& row : store.scores())
      at_grown(at_grown(stored.scores[row.language], std::stoul(row.item)), row.option) = row.score;
    for (const PatchRow& row : store.patches())
      at_grown(at_grown(stored.patched[row.language][std::stoi(row.item)], row.layer), row.option) = row.score;
    for (const AlignmentRow& row : store.alignment()) {
      // The reference's last index is behind the final norm, as in transformers' hidden_states.
      if (row.stream == "resid" && row.layer == engine->model().config().block_count()) continue;
      at_grown(at_grown(stored.alignment[row.language][row.metric], row.layer), std::stoul(row.item)) = row.value;
    }
    return stored;
  }

  static std::unique_ptr<Tokenizer> tokenizer;
  static std::unique_ptr<Engine> engine;
  static std::unique_ptr<Stored> loglik, letters;
};

std::unique_ptr<Tokenizer> Reference::tokenizer;
std::unique_ptr<Engine> Reference::engine;
std::unique_ptr<Stored> Reference::loglik;
std::unique_ptr<Stored> Reference::letters;

using Table = std::vector<std::vector<double>>;

double largest_difference(const Table& ours, const json& theirs) {
  EXPECT_EQ(ours.size(), theirs.size());
  double largest = 0;
  for (std::size_t i = 0; i < ours.size(); ++i)
    for (std::size_t j = 0; j < ours[i].size(); ++j)
      largest = std::max(largest, std::abs(ours[i][j] - theirs.at(i).at(j).get<double>()));
  return largest;
}

TEST_F(Reference, LogLikelihoodsAreTheReferences) {
  for (const std::string language : {"en", "it", "zh", "sw"}) {
    const double difference = largest_difference(loglik->scores.at(language), reference(language).at("loglik"));
    printf("loglik %s: largest difference %.2g\n", language.c_str(), difference);
    EXPECT_LE(difference, kScoreTolerance) << language;
  }
}

TEST_F(Reference, LetterLogitsAreTheReferences) {
  for (const std::string language : {"en", "it", "zh", "sw"}) {
    const double difference = largest_difference(letters->scores.at(language), reference(language).at("letters"));
    printf("letters %s: largest difference %.2g\n", language.c_str(), difference);
    EXPECT_LE(difference, kScoreTolerance) << language;
  }
}

std::vector<int> transfer_failures(const Table& pivot, const Table& other, const json& gold) {
  std::vector<int> failures;
  for (std::size_t i = 0; i < pivot.size(); ++i)
    if (best_option(pivot[i]) == gold.at(i).get<std::size_t>() &&
        best_option(other[i]) != gold.at(i).get<std::size_t>())
      failures.push_back(static_cast<int>(i));
  return failures;
}

TEST_F(Reference, TransferFailuresAreTheReferences) {
  const json gold = reference("en").at("gold");
  for (const std::string& language : kLanguages) {
    const json expect = reference(language);
    EXPECT_EQ(transfer_failures(loglik->scores.at("en"), loglik->scores.at(language), gold),
              expect.at("tf_loglik").get<std::vector<int>>());
    EXPECT_EQ(transfer_failures(letters->scores.at("en"), letters->scores.at(language), gold),
              expect.at("tf_letters").get<std::vector<int>>());
  }
}

TEST_F(Reference, PatchedLogLikelihoodsAreTheReferences) {
  for (const std::string& language : kLanguages) {
    const json expect = reference(language).at("patch_loglik");
    ASSERT_EQ(loglik->patched.at(language).size(), expect.size()) << language;
    for (const json& item : expect)
      EXPECT_LE(largest_difference(loglik->patched.at(language).at(item.at("item").get<int>()), item.at("main")),
                kPatchedTolerance)
          << language << " item " << item.at("item");
  }
}

TEST_F(Reference, PatchedLetterLogitsAreTheReferences) {
  for (const std::string& language : kLanguages) {
    const json expect = reference(language).at("patch_letters");
    ASSERT_EQ(letters->patched.at(language).size(), expect.size()) << language;
    for (const json& item : expect)
      EXPECT_LE(largest_difference(letters->patched.at(language).at(item.at("item").get<int>()), item.at("main")),
                kPatchedTolerance)
          << language << " item " << item.at("item");
  }
}

/// The runs of all items in both languages, to see how close a comparison was.
struct BothRuns {
  std::vector<ItemRun> pivot, other;
};

Cosines cosines_of_premises(const BothRuns& runs, std::size_t index) {
  const std::size_t width = runs.pivot.front().premise.final_norm.size();
  const auto rows = [&](const std::vector<ItemRun>& of) {
    std::vector<float> states;
    for (const ItemRun& run : of)
      states.insert(states.end(), run.premise.at(index).begin(), run.premise.at(index).end());
    return states;
  };
  const std::vector<float> a = rows(runs.pivot), b = rows(runs.other);
  return cosines({a, width}, {b, width});
}

/// The smallest difference among the comparisons that `metric` makes for one item: a verdict may differ only where this
/// is a tie.
double closest_comparison(const std::string& metric, const BothRuns& runs, std::size_t item, std::size_t index) {
  double closest = INFINITY;
  const auto compare = [&](double a, double b) { closest = std::min(closest, std::abs(a - b)); };
  if (metric == "mexat") {
    const Cosines premises = cosines_of_premises(runs, index);
    for (std::size_t j = 0; j < premises.n; ++j) {
      if (j == item) continue;
      compare(premises.at(item, item), premises.at(item, j));
      compare(premises.at(item, item), premises.at(j, item));
    }
    return closest;
  }
  const StatementCosines cosines = statement_cosines(runs.pivot[item].statements, runs.other[item].statements, index);
  if (metric == "dali_row") {
    for (std::size_t k = 0; k < cosines.across.n; ++k)
      for (std::size_t m = 0; m < cosines.across.n; ++m)
        if (k != m) compare(cosines.across.at(k, k), cosines.across.at(k, m));
    return closest;
  }
  compare(least_diagonal(cosines.across), largest_off_diagonal(cosines.across));
  if (metric == "dalist")
    for (const Cosines* within : {&cosines.within_pivot, &cosines.within_other})
      compare(least_diagonal(cosines.across), largest_off_diagonal(*within));
  return closest;
}

/// The same language with chosen items only.
PreparedLanguage only(const PreparedLanguage& language, const std::vector<std::size_t>& items) {
  PreparedLanguage chosen{.language = language.language};
  for (const std::size_t i : items) {
    chosen.items.push_back(language.items[i]);
    chosen.questions.push_back(language.questions[i]);
    chosen.premises.push_back(language.premises[i]);
  }
  return chosen;
}

TEST_F(Reference, AlignmentIsTheReferencesButForTies) {
  const std::vector<PreparedTask> tasks = prepare(experiment(Protocol::loglik), *tokenizer, engine->model().config());
  const auto blocks = static_cast<std::size_t>(engine->model().config().block_count());
  const std::map<std::string, std::string> keys = {
      {"dali", "dali_global"}, {"dali_row", "dali_row"}, {"dalist", "dalist"}, {"mexat", "mexat"}};
  for (const PreparedLanguage& language : tasks[0].others) {
    const json expect = reference(language.language);
    for (const auto& [metric, key] : keys) {
      const Table& ours = loglik->alignment.at(language.language).at(metric);
      ASSERT_EQ(ours.size(), expect.at(key).size());
      std::vector<std::pair<std::size_t, std::size_t>> differing;  // index, item
      for (std::size_t index = 0; index < ours.size(); ++index)
        for (std::size_t i = 0; i < ours[index].size(); ++i)
          if (ours[index][i] != expect.at(key).at(index).at(i).get<double>()) differing.emplace_back(index, i);
      printf("%s %s: %zu of %zu differ\n", language.language.c_str(), metric.c_str(), differing.size(),
             ours.size() * ours[0].size());
      if (differing.empty()) continue;

      // How close each of those comparisons was. MEXAT compares all items with all.
      const bool corpus = metric == "mexat";
      std::vector<std::size_t> items;
      for (std::size_t i = 0; i < language.items.size(); ++i)
        if (corpus || std::ranges::find(differing, i, &std::pair<std::size_t, std::size_t>::second) != differing.end())
          items.push_back(i);
      const Wanted wanted{.statements = !corpus, .premise = corpus};
      const BothRuns runs{run_items(*engine, only(tasks[0].pivot, items), wanted),
                          run_items(*engine, only(language, items), wanted)};
      for (const auto& [index, item] : differing) {
        const std::size_t among = std::ranges::find(items, item) - items.begin();
        EXPECT_LT(closest_comparison(metric, runs, among, index == blocks ? blocks + 1 : index), kTieTolerance)
            << language.language << " " << metric << " index " << index << " item " << item;
      }
    }
    const double margin =
        largest_difference(loglik->alignment.at(language.language).at("dali_margin"), expect.at("dali_margin"));
    printf("%s dali_margin: largest difference %.2g\n", language.language.c_str(), margin);
    EXPECT_LT(margin, 1e-4) << language.language;
  }
}

TEST_F(Reference, TheLensIsTheReferences) {
  const Experiment what = experiment(Protocol::loglik);
  const PreparedTask task = prepare(what, *tokenizer, engine->model().config()).front();
  for (const std::string name : {"it", "zh"}) {
    const PreparedLanguage& language = *std::ranges::find(task.others, name, &PreparedLanguage::language);
    const json expect = json::parse(std::ifstream(test::shared_folder() / "reference" / ("lens_" + name + ".json")));
    std::vector<std::size_t> items(expect.size());
    std::iota(items.begin(), items.end(), 0);
    std::vector<std::vector<float>> streams;
    run_some(*engine, language, items, {.answer_stream = true},
             [&](std::size_t, ItemRun run) { streams.push_back(std::move(run.answer_stream)); });
    std::size_t compared = 0;
    double largest = 0;
    for (const LensRow& row : lens_rows(task, language, items, streams, engine->model(), nullptr)) {
      const json& item = expect.at(std::stoul(row.item));
      ASSERT_EQ(std::to_string(item.at("item").get<int>()), row.item);
      const bool own = row.token_of.starts_with("own");
      const double theirs = item.at(own ? "own" : "pivot").at(row.layer).at(row.token_of.back() - '0');
      largest = std::max(largest, std::abs(theirs - row.log_prob.value()));
      ++compared;
    }
    printf("lens %s: largest difference %.2g of %zu\n", name.c_str(), largest, compared);
    EXPECT_EQ(compared, expect.size() * (engine->model().config().block_count() + 1) * 4);
    EXPECT_LE(largest, kScoreTolerance) << name;
  }
}

}  // namespace
}  // namespace tertium
