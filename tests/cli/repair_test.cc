// [repair]: maps of another language's states onto the pivot's, fitted on some items and tried on the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tertium/base/text.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/experiment.h"
#include "tertium/experiment/kept_intervention.h"
#include "tertium/experiment/run.h"
#include "tertium/formats/safetensors.h"
#include "tertium/formats/safetensors_metadata.h"
#include "tertium/model/config.h"
#include "tertium/store/store.h"
#include "tests/support/small_experiment.h"

namespace tertium {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

class Repair : public test::SmallExperiment {
 protected:
  Repair() { add("\n[repair]\nfit = [0.5]\nalphas = [0.5, 1]\nrank = 2\n"); }

  void add(const std::string& text) const { temporary.write("experiment.toml", read_text_file(experiment) + text); }
};

TEST_F(Repair, EveryItemIsFittedOnOrTriedOnAndNeverBoth) {
  const Store store = Store::open(results_of("results"));
  std::map<std::string, std::set<std::string>> parts;
  std::map<std::tuple<std::string, std::string, std::string>, std::set<std::pair<int, double>>> places;
  for (const RepairRow& row : store.repairs()) {
    EXPECT_TRUE(std::isfinite(row.score));
    parts[row.part].insert(row.item);
    places[{row.repair, row.protocol, row.part}].insert({row.layer, row.alpha});
  }
  EXPECT_EQ(parts.at("fit").size(), 10u);
  EXPECT_EQ(parts.at("test").size(), 10u);
  for (const std::string& item : parts.at("fit")) EXPECT_FALSE(parts.at("test").contains(item));
  for (const std::string& kind : repair_kinds())
    for (const char* protocol : {"loglik", "letters"}) {
      EXPECT_EQ((places[{kind, protocol, "fit"}].size()), 4u) << "two blocks, two alphas";
      EXPECT_EQ((places[{kind, protocol, "test"}].size()), 1u) << "the tried items are touched once";
    }
}

TEST_F(Repair, TheChosenPlaceHasTheLargestMarginOnTheFittedItems) {
  const Store store = Store::open(results_of("results"));
  std::map<std::string, std::size_t> gold;
  for (const ScoreRow& row : store.scores())
    if (row.is_gold) gold[row.item] = static_cast<std::size_t>(row.option);
  std::map<std::pair<std::string, std::string>, std::map<std::pair<int, double>, double>> margins;
  std::map<std::pair<std::string, std::string>, std::pair<int, double>> chosen;
  for (const RepairRow& row : store.repairs()) {
    const std::pair key(row.repair, row.protocol);
    if (row.part == "test") chosen[key] = {row.layer, row.alpha};
    if (row.part == "fit") {
      const bool is_gold = gold.at(row.item) == static_cast<std::size_t>(row.option);
      margins[key][{row.layer, row.alpha}] += is_gold ? row.score : -row.score;  // two options
    }
  }
  ASSERT_EQ(chosen.size(), 2 * repair_kinds().size());
  for (const auto& [key, place] : chosen)
    for (const auto& [other, margin] : margins.at(key))
      EXPECT_LE(margin, margins.at(key).at(place) + 1e-9) << key.first << " " << key.second;
}

TEST_F(Repair, ADoseOfNothingChangesNothing) {
  const auto folder = results_of("nothing", {"--set", "repair.alphas=[0.0]"});
  const Store store = Store::open(folder);
  std::map<std::tuple<std::string, std::string, std::string, int>, double> clean;
  for (const ScoreRow& row : store.scores()) clean[{row.language, row.item, row.protocol, row.option}] = row.score;
  ASSERT_FALSE(store.repairs().empty());
  for (const RepairRow& row : store.repairs()) {
    const std::string language = row.control == "pivot" ? "en" : row.language;
    EXPECT_NEAR(row.score, (clean.at({language, row.item, row.protocol, row.option})), 1e-4)
        << row.repair << " " << row.control;
  }
}

std::vector<float> tensor(const Safetensors& file, const std::string& name) {
  const TensorView* found = file.find(name);
  if (!found) ADD_FAILURE() << "no tensor " << name;
  std::vector<float> values(found ? found->count() : 0);
  if (found) to_f32(*found, values);
  return values;
}

TEST_F(Repair, AlignmentIsMeasuredAgainOnTheTriedItems) {
  const auto changes = [&](const std::string& name, const std::string& alphas) {
    const auto folder = results_of(name, {"--set", "repair.alphas=" + alphas});
    std::map<std::string, double> largest;  // by repair and control: change of dali_margin
    const json stats = json::parse(test::output_of({"stats", folder.string(), "--json"}));
    for (const json& row : stats.at("repaired_alignment")) {
      EXPECT_EQ(row.at("items"), 10);
      EXPECT_EQ(row.at("protocol"), "loglik") << "alignment is of the first";
      if (row.at("metric") == "dali_margin")
        largest[row.at("repair").get<std::string>() + " " + row.at("control").get<std::string>()] = row.at("change");
    }
    EXPECT_EQ(largest.size(), 2u * repair_kinds().size() + 3) << "main and random; of maps shuffled as well";
    return largest;
  };
  for (const auto& [which, change] : changes("nothing", "[0.0]")) EXPECT_NEAR(change, 0, 1e-5) << which;
  for (const auto& [which, change] : changes("full", "[1.0]")) EXPECT_NE(change, 0) << which;
}

TEST_F(Repair, MapsMayBeFittedOnSentences) {
  std::string english, german;
  for (const char* thing : {"rain", "sun", "snow", "wind", "fire", "cat", "dog", "bird", "fish", "horse"})
    english += std::string("the ") + thing + " is wet\n";
  for (const char* thing : {"Nässe", "Sonne", "Kälte", "Luft", "Glut", "Katze", "Hündin", "Amsel", "Forelle", "Stute"})
    german += std::string("die ") + thing + " ist nass\n";
  temporary.write("sentences/en.txt", english);
  temporary.write("sentences/de.txt", german);
  EXPECT_THAT(run({"--set", "repair.corpus=\"sentences\""}, "bad").err, HasSubstr("no [[task]] named \"parallel\""));
  add("corpus = \"sentences\"\n\n[[task]]\nname = \"parallel\"\ndata = \"sentences\"\nlanguages = [\"de\"]\n");
  const auto folder = results_of("results");
  const auto path = folder / "repairs/items_loglik_de_mean_shift.safetensors";
  const Safetensors file(path);
  std::map<std::string, std::string> known = safetensors_metadata(path);
  EXPECT_EQ(known["fitted on"], "sentences");
  const Engine engine(Model::load(model, "f32"));
  const Tokenizer tokenizer = Tokenizer::open(model);
  const int block = std::stoi(known["block"]);
  const auto mean = [&](const std::string& text) {
    std::vector<double> sum(16);
    for (const std::string& line : test::lines_of(text)) {
      const std::vector<TokenId> ids = tokenizer.encode(line, true).ids;
      const int last = static_cast<int>(ids.size()) - 1;
      const JobResult result =
          engine.run(Job{.strands = {{.tokens = ids}}, .recordings = {{0, last, 1, Quantity::resid}}});
      sum.resize(result.recordings[0].size() / 3);
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += result.recordings[0][(block + 1) * sum.size() + i] / 10;
    }
    return sum;
  };
  const std::vector<double> to = mean(english), from = mean(german);
  const std::vector<float> vector = tensor(file, "vector");
  ASSERT_EQ(vector.size(), to.size());
  for (std::size_t i = 0; i < to.size(); ++i) EXPECT_NEAR(vector[i], to[i] - from[i], 1e-4);
  const Store store = Store::open(folder);
  std::map<std::string, std::set<std::string>> parts;
  for (const RepairRow& row : store.repairs()) parts[row.part].insert(row.item);
  EXPECT_EQ(parts.at("fit").size(), 10u) << "items that choose";
  EXPECT_EQ(parts.at("test").size(), 10u);
}

TEST_F(Repair, TheKeptFileGivesTheStoredScoresInRunsOfWholeTexts) {
  const auto folder = results_of("results");
  const Store store = Store::open(folder);
  const Engine engine(Model::load(model, "f32"));
  const PreparedTask task =
      prepare(read_experiment(experiment, {}), Tokenizer::open(model), engine.model().config()).front();
  const PreparedLanguage& german = task.others.front();
  std::size_t compared = 0;
  for (const std::string& kind : repair_kinds()) {
    const Safetensors file(folder / "repairs" / ("items_loglik_de_" + kind + ".safetensors"));
    const bool is_map = file.find("weight") != nullptr, everywhere = kind == "recover";
    std::vector<float> values = tensor(file, is_map ? "weight" : "vector");
    if (is_map) {
      const std::vector<float> bias = tensor(file, "bias");
      values.insert(values.end(), bias.begin(), bias.end());
    }
    for (const RepairRow& row : store.repairs()) {
      if (row.repair != kind || row.protocol != "loglik" || row.part != "test" || row.control != "main") continue;
      const auto item = std::ranges::find(german.items, row.item, &Item::id) - german.items.begin();
      const Question& question = german.questions[item];
      const std::vector<TokenId>& option = question.options[row.option];
      Job job{.name = row.item, .strands = {{.tokens = question.context}}};
      job.strands[0].tokens.insert(job.strands[0].tokens.end(), option.begin(), option.end());
      const int last = question.last_row(), rows = job.strands[0].rows();
      const Change change{.values = values,
                          .operation = is_map ? Operation::map : Operation::add,
                          .dose = static_cast<float>(row.alpha),
                          .renormed = everywhere};
      job.interventions.push_back(
          {0, everywhere ? 1 : last, {SiteKind::resid_post, row.layer}, change, everywhere ? rows - 1 : 1});
      for (std::size_t t = 0; t < option.size(); ++t)
        job.readings.push_back({0, last + static_cast<int>(t), Readout::log_probs, {option[t]}});
      double score = 0;
      for (const std::vector<float>& reading : engine.run(job).readings) score += reading[0];
      EXPECT_NEAR(score, row.score, 1e-4) << kind << " " << row.item << " option " << row.option;
      ++compared;
    }
  }
  EXPECT_EQ(compared, repair_kinds().size() * 10 * 2);
}

TEST_F(Repair, AKeptFileIsUsedAgainAndGivesWhatItGaveThen) {
  const auto folder = results_of("results");
  const Store repaired = Store::open(folder);
  temporary.write("again.toml",
                  "model = \"model\"\ndtype = \"f32\"\n[[task]]\nname = \"items\"\ndata = \"data\"\n"
                  "languages = [\"de\"]\n[align]\nmetrics = [\"dali_margin\"]\n");
  for (const std::string& kind : repair_kinds()) {
    const std::string file = (folder / "repairs" / ("items_loglik_de_" + kind + ".safetensors")).string();
    const auto again = this->folder / ("again-" + kind);
    const test::Finished finished = test::run_program({"run", (this->folder / "again.toml").string(), "--out",
                                                       again.string(), "--quiet", "--set", "intervention=" + file});
    ASSERT_EQ(finished.status, 0) << finished.err;
    const Store store = Store::open(again);
    std::map<std::tuple<std::string, std::string, int>, double> scores;
    for (const ScoreRow& row : store.scores()) scores[{row.language, row.item, row.option}] = row.score;
    std::size_t compared = 0;
    for (const RepairRow& row : repaired.repairs()) {
      if (row.repair != kind || row.protocol != "loglik" || row.part != "test" || row.control != "main") continue;
      EXPECT_NEAR((scores.at({"de", row.item, row.option})), row.score, 1e-4) << kind << " " << row.item;
      ++compared;
    }
    EXPECT_EQ(compared, 20u);
    for (const ScoreRow& row : repaired.scores())
      if (row.language == "en" && row.protocol == "loglik") {
        EXPECT_NEAR((scores.at({"en", row.item, row.option})), row.score, 1e-5) << "the pivot is left as it is";
      }
    std::map<std::pair<std::string, int>, double> aligned;
    for (const AlignmentRow& row : store.alignment())
      if (row.stream == "resid") aligned[{row.item, row.layer}] = row.value;
    std::size_t layers = 0;
    for (const AblatedAlignmentRow& row : repaired.ablated_alignment())
      if (row.key.component == kRepaired && row.key.operation == kind && row.key.control == "main" &&
          row.metric == "dali_margin" && row.stream == "resid") {
        EXPECT_NEAR((aligned.at({row.item, row.at})), row.value, 1e-4) << kind << " layer " << row.at;
        ++layers;
      }
    EXPECT_GT(layers, 0u);
    const RunInfo info = store.info();
    EXPECT_TRUE(std::ranges::any_of(info, [&](const auto& entry) {
      return entry.first.starts_with("sha256 model") && entry.first.find(kind) != std::string::npos;
    })) << "it is among the inputs";
  }
  const test::Finished other = test::run_program(
      {"run", (this->folder / "again.toml").string(), "--out", (this->folder / "again-recover").string(), "--quiet"});
  EXPECT_NE(other.status, 0) << "results with it are not gone on with without it";
  EXPECT_THAT(run({"--set", "intervention=" + (model / "model.safetensors").string()}, "bad").err,
              HasSubstr("leave [patch], [ablate] and [repair] out"));
}

TEST_F(Repair, AKeptFileWorksOnWhatIsGeneratedToo) {
  const auto folder = results_of("results", {"--set", "repair.alphas=[1.0]"});
  const Engine engine(Model::load(model, "f32"));
  const int blocks = engine.model().config().block_count();
  const auto generated = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"generate", model.string(), "die Sonne ist", "-n",
                                          "6",        "--dtype",      "f32",           "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return json::parse(test::output_of(arguments));
  };
  const json plain = generated({});
  std::size_t changed = 0;
  for (const std::string& kind : repair_kinds()) {
    const std::string file = (folder / "repairs" / ("items_loglik_de_" + kind + ".safetensors")).string();
    const json repaired = generated({"--intervention", file});
    const KeptIntervention kept = read_intervention(file, engine.model().config());
    ASSERT_LT(kept.site.block, blocks);
    std::vector<TokenId> text = repaired.at("prompt_ids").get<std::vector<TokenId>>();
    const int prompt = static_cast<int>(text.size());
    // The whole text again for each token, instead of keys and values that are kept.
    for (const TokenId token : repaired.at("ids").get<std::vector<TokenId>>()) {
      const int rows = static_cast<int>(text.size());
      Job job{.name = kind, .strands = {{.tokens = text}}, .readings = {{0, rows - 1, Readout::likeliest, {}}}};
      job.interventions.push_back(
          {0, kept.everywhere ? 1 : prompt - 1, kept.site, kept.change(), kept.everywhere ? rows - 1 : 1});
      const std::vector<float> likeliest = engine.run(job).readings.front();
      if (likeliest[2] > 1e-4f) {
        EXPECT_EQ(static_cast<TokenId>(likeliest[0]), token) << kind << ", token " << rows - prompt;
      }
      text.push_back(token);
    }
    changed += repaired.at("ids") != plain.at("ids");
  }
  EXPECT_GT(changed, 0u) << "no repair changed a word, so that nothing was tested";
  EXPECT_THAT(
      test::run_program({"generate", model.string(), "die", "--intervention", (model / "model.safetensors").string()})
          .err,
      HasSubstr("model.safetensors"));
}

TEST_F(Repair, GoesOnWhereItStoodAndSaysWhatControlItLacks) {
  const auto folder = results_of("results", {"--set", "repair.kinds=[\"mean_shift\"]"});
  const std::size_t before = Store::open(folder).repairs().size();
  const test::Finished finished = test::run_program(
      {"run", experiment.string(), "--out", folder.string(), "--set", "repair.kinds=[\"mean_shift\", \"recover\"]"});
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_THAT(finished.out + finished.err, HasSubstr("no other language to fit the control other_language on"));
  const Store store = Store::open(folder);
  EXPECT_EQ(store.repairs().size(), 2 * before);
  std::size_t units = 0;
  for (const UnitRow& unit : store.units()) units += unit.stage == "repair";
  EXPECT_EQ(units, 4u) << "two kinds, two protocols";
}

TEST_F(Repair, TheTableHoldsEachBesideItsControlsAndItsHarm) {
  const auto folder = results_of("results");
  const json all = json::parse(test::output_of({"stats", folder.string(), "--json"}));
  std::map<std::string, std::set<std::string>> controls;
  for (const json& row : all.at("repairs")) {
    controls[row.at("repair")].insert(row.at("control"));
    EXPECT_EQ(row.at("n"), 10);
    EXPECT_LE(row.at("repaired_k"), row.at("repaired_n"));
    if (row.at("control") == "none") {
      EXPECT_EQ(row.at("before"), row.at("after"));
    }
  }
  using testing::UnorderedElementsAre;
  EXPECT_THAT(controls.at("least_squares"), UnorderedElementsAre("main", "none", "random", "shuffled", "pivot"));
  EXPECT_THAT(controls.at("mean_shift"), UnorderedElementsAre("main", "none", "random", "pivot"));
  EXPECT_THAT(test::output_of({"stats", folder.string()}),
              AllOf(HasSubstr("Repairs, on items"), HasSubstr("repair recover of de")));
}

TEST_F(Repair, BadSettingsLoseNoEarlierResults) {
  const std::size_t before = Store::open(results_of("results")).repairs().size();
  const test::Finished refused = run({"--force", "--set", "repair.blocks=[7]"});
  EXPECT_NE(refused.status, 0);
  EXPECT_EQ(Store::open(results).repairs().size(), before);
}

TEST_F(Repair, BadSettingsAreNamed) {
  const auto error = [&](const std::string& setting) {
    const test::Finished finished = run({"--set", setting}, "bad");
    EXPECT_NE(finished.status, 0) << setting;
    return finished.err;
  };
  EXPECT_THAT(error("repair.fit=[0.9]"), HasSubstr("fits on 18 items and tries on 2"));
  EXPECT_THAT(error("repair.fit=[1.5]"), HasSubstr("fit"));
  EXPECT_THAT(error("repair.kinds=[\"magic\"]"), HasSubstr("magic"));
  EXPECT_THAT(error("repair.blocks=[7]"), HasSubstr("repair.blocks: block 7 is not there; the model has 0 to 1"));
}

}  // namespace
}  // namespace tertium
