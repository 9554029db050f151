// Runs that are broken off, gone on with, enlarged or changed (docs/experiment.md, "Runs survive").
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <map>
#include <random>
#include <set>

#include "tertium/base/hash.h"
#include "tertium/store/store.h"
#include "tests/support/same_rows.h"
#include "tests/support/small_experiment.h"

namespace tertium {
namespace {

using test::expect_same_rows;
using test::Finished;
using test::kRows;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class Resume : public test::SmallExperiment {
 protected:
  /// Many small units.
  Finished run(std::vector<std::string> more = {}, const std::string& name = "results") const {
    if (std::ranges::find(more, "--unit-rows") == more.end()) more.insert(more.end(), {"--unit-rows", "30"});
    return SmallExperiment::run(more, name);
  }
  std::filesystem::path results_of(const std::string& name, const std::vector<std::string>& more = {}) const {
    const Finished finished = run(more, name);
    EXPECT_EQ(finished.status, 0) << finished.err;
    return folder / name;
  }
  std::vector<std::string> command(const std::string& name, const std::vector<std::string>& more) const {
    std::vector<std::string> all = {"run", experiment.string(), "--out", (folder / name).string(), "--quiet"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
};

std::map<std::string, double> seconds_of_units(const std::filesystem::path& folder) {
  std::map<std::string, double> seconds;
  for (const UnitRow& unit : Store::open(folder).units()) seconds[unit.id] = unit.seconds;
  return seconds;
}

/// Of units that were there before, how many were made again.
std::size_t made_again(const std::map<std::string, double>& before, const std::map<std::string, double>& after) {
  std::size_t count = 0;
  for (const auto& [id, seconds] : before) {
    const auto found = after.find(id);
    count += found == after.end() || found->second != seconds;
  }
  return count;
}

TEST_F(Resume, AFinishedRunIsToldAndNotRunAgain) {
  const auto out = results_of("results");
  const auto before = seconds_of_units(out);
  EXPECT_GT(before.size(), 20u) << "small units";
  const Finished again = run();
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr(fmt::format("done already: {0} of {0} units", before.size())));
  EXPECT_EQ(seconds_of_units(out), before);
}

TEST_F(Resume, UnitsOfAnySizeGiveTheSameRows) {
  const auto small = results_of("small");
  EXPECT_EQ(SmallExperiment::run({}, "large").status, 0);
  EXPECT_LT(seconds_of_units(folder / "large").size(), seconds_of_units(small).size());
  expect_same_rows(small, folder / "large", kRows);
}

TEST_F(Resume, ARunThatIsKilledAtAnyMomentGoesOnToTheSameRows) {
  const std::vector<std::string> means = {"--set", "patch.controls=[\"same_gold\", \"mean_shift\"]", "--set",
                                          "patch.items=pool"};
  const auto start = std::chrono::steady_clock::now();
  const auto whole = results_of("whole", means);
  const auto time = std::chrono::steady_clock::now() - start;
  std::vector<std::string> small = means;
  small.insert(small.end(), {"--unit-rows", "30"});
  std::mt19937 random(1);
  for (int moment = 0; moment < 6; ++moment) {
    const std::string name = fmt::format("killed{}", moment);
    for (int kill = 0; kill < 2; ++kill) {
      const auto after = time * static_cast<int>(random() % 1000) / 1000;
      test::kill_program(command(name, small), std::chrono::duration_cast<std::chrono::milliseconds>(after), SIGKILL);
    }
    expect_same_rows(whole, results_of(name, means));
  }
}

TEST_F(Resume, ARunThatIsAskedToStopFinishesItsUnitAndSaysHowToGoOn) {
  Finished stopped;
  // Asked before it listens, it is gone without a word; asked before its first unit is done, it has nothing to go on with.
  const auto has_units = [&] {
    return std::filesystem::exists(results / "results.db") && !Store::open(results).units().empty();
  };
  for (int wait = 100; wait <= 8000 && (stopped.err.empty() || !has_units()); wait += 50) {
    std::filesystem::remove_all(results);
    stopped = test::kill_program(command("results", {"--unit-rows", "1"}), std::chrono::milliseconds(wait), SIGTERM);
  }
  ASSERT_EQ(stopped.status, 128 + SIGTERM) << stopped.err;
  EXPECT_THAT(stopped.err, AllOf(HasSubstr("stopped by SIGTERM: "), HasSubstr("the same command goes on")));
  EXPECT_FALSE(std::filesystem::exists(results / "run.lock"));
  EXPECT_THAT(run({"--unit-rows", "1"}).out, HasSubstr("done already: "));
}

TEST_F(Resume, MoreItemsComputeOnlyWhatIsNew) {
  const auto out = results_of("results", {"--set", "task.limit=8"});
  const auto before = seconds_of_units(out);
  results_of("results", {"--set", "task.limit=12"});
  std::size_t kept = 0, scored = 0;
  const auto after = seconds_of_units(out);
  for (const UnitRow& unit : Store::open(out).units())
    if (unit.stage == "scoring") {
      kept += before.contains(unit.id) && before.at(unit.id) == unit.seconds;
      scored += before.contains(unit.id);
    }
  EXPECT_GT(scored, 0u);
  EXPECT_EQ(kept, scored) << "no item is scored twice";
  expect_same_rows(out, results_of("fresh", {"--set", "task.limit=12"}), kRows);
}

TEST_F(Resume, AnotherControlComputesOnlyItself) {
  const auto out = results_of("results");
  const auto before = seconds_of_units(out);
  const std::vector<std::string> more = {"--set", "patch.controls=[\"self\", \"same_gold\", \"random\"]"};
  results_of("results", more);
  EXPECT_EQ(made_again(before, seconds_of_units(out)), 0u);
  for (const UnitRow& unit : Store::open(out).units())
    if (!before.contains(unit.id)) {
      EXPECT_THAT(unit.part, HasSubstr("random"));
    }
  expect_same_rows(out, results_of("fresh", more), kRows);
}

TEST_F(Resume, MoreDrawsPositionsAndSitesLeaveWhatIsThere) {
  const auto out = results_of("results");
  for (const std::string setting :
       {"patch.draws=3", "patch.positions=[\"last\", \"all\"]", "patch.sites=[\"resid_post\", \"mlp_out\"]"}) {
    const auto before = seconds_of_units(out);
    results_of("results", {"--set", setting});
    EXPECT_EQ(made_again(before, seconds_of_units(out)), 0u) << setting;
    EXPECT_GT(seconds_of_units(out).size(), before.size()) << setting;
  }
}

TEST_F(Resume, AnotherDirectionComputesOnlyItself) {
  const auto out = results_of("results", {"--set", "patch.items=pool"});
  const auto before = seconds_of_units(out);
  results_of("results", {"--set", "patch.items=pool", "--set", "patch.directions=[\"fix\", \"keep\"]"});
  EXPECT_EQ(made_again(before, seconds_of_units(out)), 0u);
  for (const UnitRow& unit : Store::open(out).units())
    if (!before.contains(unit.id)) {
      EXPECT_EQ(unit.direction, "keep");
    }
}

TEST_F(Resume, ARunThatWasKilledAsItBeganIsGoneOnWith) {
  Store::create(results, false);  // tables, and nothing in them
  EXPECT_EQ(run({"--set", "task.limit=2"}).status, 0);
}

TEST_F(Resume, AnotherMetricComputesOnlyItself) {
  const auto out = results_of("results", {"--set", "align.metrics=[\"dali\"]"});
  const auto before = seconds_of_units(out);
  results_of("results");
  EXPECT_EQ(made_again(before, seconds_of_units(out)), 0u);
  expect_same_rows(out, results_of("fresh"), kRows);
}

TEST_F(Resume, AChangedInputIsNamedAndRefused) {
  const auto out = results_of("results");
  const std::string before = sha256_file(out / "results.db");
  const auto refusal = [&](const std::vector<std::string>& more = {}) {
    const Finished refused = run(more);
    EXPECT_EQ(refused.status, 1);
    EXPECT_EQ(sha256_file(out / "results.db"), before);
    return refused.err;
  };
  EXPECT_THAT(refusal({"--set", "patch.seed=7"}), AllOf(HasSubstr("patch.seed was 42, is 7"), HasSubstr("--as-new")));
  EXPECT_THAT(refusal({"--set", "dtype=bf16"}), HasSubstr("dtype was f32, is bf16"));
  EXPECT_THAT(refusal({"--set", "task.limit=5"}), HasSubstr("asked otherwise, or no more"));
  replace_item("de", 3,
               R"({"id": "sun-wet", "context": "die Sonne ist", "options": [" kalt", " sehr warm"], "gold": 1})");
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr("items loglik scoring of de, items from"), HasSubstr("items de.jsonl (changed)")));
  tiny.seed += 1;
  test::write_tiny_model(model, tiny);
  EXPECT_THAT(refusal(), HasSubstr("model model.safetensors (changed)"));
}

TEST_F(Resume, AsNewWritesBesideAndGoesOnThere) {
  const auto out = results_of("results");
  const std::string before = sha256_file(out / "results.db");
  const std::vector<std::string> other = {"--set", "patch.seed=7", "--as-new"};
  EXPECT_THAT(run(other).out, HasSubstr("these go to " + out.string() + "-2"));
  EXPECT_EQ(sha256_file(out / "results.db"), before);
  EXPECT_FALSE(Store::open(out.string() + "-2").patches().empty());
  EXPECT_THAT(run(other).out, HasSubstr("results-2: done already"));
}

TEST_F(Resume, ForceSaysWhatItReplaces) {
  results_of("results");
  EXPECT_THAT(run({"--force"}).out,
              AllOf(HasSubstr("replaced: 160 scores, "), HasSubstr("patched scores of a run of ")));
}

TEST_F(Resume, AFolderThatARunWritesToIsRefusedByItsProcess) {
  std::filesystem::create_directories(results);
  const Store running = Store::create(results, false);
  const Finished refused = run();
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr(fmt::format("a run is still writing to it, process {} on ", getpid())));
}

TEST_F(Resume, ALockThatADeadRunLeftIsRecognised) {
  std::filesystem::create_directories(results);
  temporary.write("results/run.lock", "4000000 elsewhere\n");
  const Finished finished = run({"--set", "task.limit=2"});
  EXPECT_EQ(finished.status, 0);
  EXPECT_THAT(finished.out, HasSubstr("process 4000000 on elsewhere wrote here before and ended without a word"));
  EXPECT_FALSE(std::filesystem::exists(results / "run.lock"));
}

TEST_F(Resume, AnItemThatFailsIsToldAtTheEndAndTheOthersGoOn) {
  std::mt19937 random(3);
  std::vector<float>& embedding = tiny.weights["model.embed_tokens.weight"];
  for (int k = 0; k < tiny.vocabulary() * tiny.width; ++k)
    embedding.push_back(static_cast<float>(random() % 1000) / 1000 - 0.5f);
  std::fill_n(embedding.begin() + tiny.id("Forelle") * tiny.width, tiny.width, 3e38f);  // its squares are infinite
  test::write_tiny_model(model, tiny);
  const Finished finished = run({"--set", "task.limit=18"});
  EXPECT_EQ(finished.status, 1);
  EXPECT_THAT(finished.err, AllOf(HasSubstr("Error: "), HasSubstr(" units failed, the others are stored"),
                                  HasSubstr("items de, item fish-")));
  const Store store = Store::open(results);
  std::set<std::string> lacking;
  for (const UnitRow& unit : store.units())
    if (unit.state == "failed" && unit.stage == "scoring") {
      EXPECT_THAT(unit.error, HasSubstr("NaN or infinite"));
      lacking.insert(unit.first_item);
    }
  EXPECT_THAT(lacking, testing::ElementsAre("fish-hot", "fish-wet"));
  EXPECT_EQ(store.scores().size(), 2u * (18 + 16) * kOptions);
  EXPECT_THAT(test::output_of({"show", results.string()}), HasSubstr("missing: items loglik de: scoring (16 of 18)"));
}

}  // namespace
}  // namespace tertium
