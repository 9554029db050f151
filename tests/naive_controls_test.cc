// A whole lineup of patches, as a run makes them, against patching as it is defined: for every site, position and
// control, whole forward passes and edits by hook.
#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "tertium/base/hash.h"
#include "tertium/experiment/patch.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/scoring.h"
#include "tertium/model/config.h"
#include "tests/support/files.h"
#include "tests/support/naive_patch.h"
#include "tests/support/one_thread.h"

namespace tertium {
namespace {

constexpr double kTolerance = 5e-5;  // of margins, in nats
constexpr std::size_t kItems = 8, kFailures = 5;
const std::vector<std::string> kNames = {"last", "premise_end", "markers", "all"};

std::vector<TokenId> random_ids(std::size_t count, std::mt19937& random) {
  std::vector<TokenId> ids(count);
  for (TokenId& id : ids) id = static_cast<TokenId>(3 + random() % 90);
  return ids;
}

/// Items of random ids, some of them longer than their counterparts: the first fail in the other language.
PreparedLanguage random_language(const std::string& name, unsigned seed) {
  std::mt19937 random(seed);
  PreparedLanguage language{.language = name};
  for (std::size_t i = 0; i < kItems; ++i) {
    const int last = static_cast<int>(8 + (i * seed) % 4);
    Question question{.name = name, .context = random_ids(last + 1, random)};
    for (int k = 0; k < 2; ++k) question.options.push_back(random_ids(2 + k, random));
    std::vector<int> all(last + 1);
    std::iota(all.begin(), all.end(), 0);
    const int premise = static_cast<int>(2 + (i + seed) % 3);
    question.positions = {{"last", {last}}, {"premise_end", {premise}}, {"markers", {premise, 6, last}}, {"all", all}};
    language.questions.push_back(std::move(question));
    language.items.push_back({.id = std::to_string(i), .language = name, .gold = i % 2});
  }
  return language;
}

class NaiveControls : public testing::TestWithParam<const char*> {
 protected:
  const Config& config() const { return engine.model().config(); }

  PatchSpec everything(int window) const {
    PatchSpec spec{.max_items = 1,
                   .sites = {},
                   .positions = kNames,
                   .blocks = {{1 - (window - 1)}},
                   .window = window,
                   .controls = {},
                   .doses = {0.3}};
    for (const SiteInfo& site : site_kinds())
      if (has_site(config(), site.kind)) spec.sites.push_back({site.kind, {}});
    for (const Control* control : controls())
      if (control->name != "main") spec.controls.emplace_back(control->name);
    spec.heads = {{0, config().kv_heads - 1}};
    return spec;
  }

  const PreparedLanguage& language(Side side) const { return side == Side::pivot ? pivot : other; }

  /// Of one row of one item, [width of the site].
  std::vector<float> state(Side side, std::size_t item, Site site, int row) const {
    return test::naive_rows(engine.model(), language(side).questions[item].context, site, {row});
  }

  std::vector<float> mean(const Lineup& lineup, Side side, Site site, const std::string& position, std::size_t i,
                          std::size_t without) const {
    std::vector<double> total;
    std::size_t count = 0;
    for (const std::size_t item : lineup.averaged) {
      if (item == without) continue;
      const std::vector<int>& rows = language(side).questions[item].positions.at(position);
      const std::vector<int> taken = position == "all" ? rows : std::vector<int>{rows[i]};
      ++count;
      for (const int row : taken) {
        const std::vector<float> one = state(side, item, site, row);
        total.resize(one.size());
        for (std::size_t k = 0; k < one.size(); ++k) total[k] += one[k] / static_cast<double>(taken.size());
      }
    }
    std::vector<float> mean;
    for (const double sum : total) mean.push_back(static_cast<float>(sum / static_cast<double>(count)));
    return mean;
  }

  /// What a patched run puts into the i-th row of its position.
  std::vector<float> value(const PatchSpec& spec, const Lineup& lineup, const PatchedRun& run, Site site,
                           const PatchedRows& rows, std::size_t i) const {
    const Control& control = *run.control->control;
    const Side recipient = lineup.direction->recipient(), donor = lineup.direction->donor;
    const Side giver = control.language == DonorLanguage::donor ? donor : recipient;
    std::vector<float> given = state(giver, run.donor, site, rows.from[i]);
    if (!control.blend) return given;
    const std::string& position = spec.positions[run.place->position];
    const std::vector<float> own = state(recipient, run.recipient, site, rows.into[i]);
    std::vector<float> donor_mean, recipient_mean;
    if (control.takes_means) {
      donor_mean = mean(lineup, donor, site, position, i, run.recipient);
      recipient_mean = mean(lineup, recipient, site, position, i, run.recipient);
    }
    const Item& item = language(recipient).items[run.recipient];
    const std::uint64_t seed = stable_hash(spec.seed, {item.language, run.control->name, item.id, position,
                                                       to_string(site), std::to_string(i), std::to_string(run.draw)});
    std::vector<float> made(given.size());
    control.blend({own, given, donor_mean, recipient_mean, run.control->dose, seed}, made);
    return made;
  }

  double naive(const PatchSpec& spec, const Lineup& lineup, const LanguagePair& pair, const PatchMenu& menu,
               const PatchedRun& run) const {
    const PatchedRows rows = patched_rows(menu, lineup, pair, run);
    std::vector<test::NaiveEdit> edits;
    for (const Site site : run.place->sites()) {
      test::NaiveEdit& edit = edits.emplace_back(test::NaiveEdit{site, rows.into, {}});
      for (std::size_t i = 0; i < rows.into.size(); ++i) {
        const std::vector<float> one = value(spec, lineup, run, site, rows, i);
        edit.values.insert(edit.values.end(), one.begin(), one.end());
      }
    }
    const PreparedLanguage& asked = language(lineup.direction->recipient());
    return test::naive_margin(engine.model(), asked.questions[run.recipient], asked.items[run.recipient].gold, edits);
  }

  /// All patches of one direction, both ways. Returns how many there were.
  std::size_t compare(const PatchSpec& spec, const std::string& direction) const {
    const RightAnswers pivot_right(kItems, true);
    RightAnswers other_right(kItems, true);
    std::fill_n(other_right.begin(), kFailures, false);
    const LanguagePair pair{pivot, other, pivot_right, other_right};
    const Lineup lineup = line_up(spec, direction_named(direction), pair);
    const PatchMenu menu(spec, config());
    const Wanted wanted = menu.wanted();
    const std::vector<ItemRun> pivot_runs = run_items(engine, pivot, wanted),
                               other_runs = run_items(engine, other, wanted);
    const auto clean = [](const std::vector<ItemRun>& runs, const PreparedLanguage& asked) {
      CleanRuns all;
      for (const ItemRun& run : runs) all.activations.push_back(&run.activations);
      for (const Question& question : asked.questions) all.positions.push_back(&question.positions);
      return all;
    };
    std::size_t count = 0;
    const auto answered = [&](const PatchedRun& run, const std::vector<double>& scores, const Continued*) {
      const std::size_t gold = language(lineup.direction->recipient()).items[run.recipient].gold;
      EXPECT_NEAR(scores[gold] - scores[1 - gold], naive(spec, lineup, pair, menu, run), kTolerance)
          << to_string(run.place->site) << ", " << spec.positions[run.place->position] << ", " << run.control->name;
      ++count;
    };
    const CleanPair both{clean(pivot_runs, pivot), clean(other_runs, other)};
    std::vector<PatchedRun> runs;
    for (const Lineup::Recipient& recipient : lineup.recipients)
      for (const PatchedRun& run : menu.runs_of(recipient)) runs.push_back(run);
    Beginnings beginnings;
    run_patches(
        engine, menu, lineup, pair, runs, both, means_over(menu, both, lineup.averaged), answered, [](std::size_t) {},
        beginnings);
    return count;
  }

  const test::OneThread one_thread;
  const Engine engine{Model::load(test::source_folder() / "tests/fixtures/golden" / GetParam(), "f32")};
  const PreparedLanguage pivot = random_language("en", 1), other = random_language("xx", 3);
};

INSTANTIATE_TEST_SUITE_P(Families, NaiveControls, testing::Values("llama", "gemma3", "gpt_neox", "qwen3_moe"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(NaiveControls, AreWhatARunMakesAtEverySiteAndPosition) {
  const PatchSpec spec = everything(1);
  const std::size_t heads = 4;  // of q, k, v and z, each besides the first
  const std::size_t places = (spec.sites.size() + heads) * kNames.size();
  EXPECT_EQ(compare(spec, "fix"), places * (spec.controls.size() + 1));
}

TEST_P(NaiveControls, HoldInTheOtherDirectionOverWindows) {
  const PatchSpec spec = everything(2);
  EXPECT_GT(compare(spec, "break"), spec.sites.size() * kNames.size() * spec.controls.size());
}

}  // namespace
}  // namespace tertium
