// Several workers that share a run (docs/cluster.md): started beside each other as a launcher does, or apart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <map>
#include <thread>

#include "tertium/base/clock.h"
#include "tertium/store/store.h"
#include "tests/support/same_rows.h"
#include "tests/support/small_experiment.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using test::expect_same_rows;
using test::Finished;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Variables = std::map<std::string, std::string>;

/// What mpirun says to each of its processes.
std::vector<Variables> launch_of(int size) {
  const std::string name = "test-" + utc_now();
  std::vector<Variables> all;
  for (int rank = 0; rank < size; ++rank)
    all.push_back({{"OMPI_COMM_WORLD_RANK", std::to_string(rank)},
                   {"OMPI_COMM_WORLD_SIZE", std::to_string(size)},
                   {"OMPI_COMM_WORLD_LOCAL_SIZE", std::to_string(size)},
                   {"PMIX_NAMESPACE", name}});
  return all;
}

class Workers : public test::SmallExperiment {
 protected:
  /// Means, which all need, and patches, which wait for answers.
  std::vector<std::string> command(const std::string& name, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all = {"run",
                                    experiment.string(),
                                    "--out",
                                    (folder / name).string(),
                                    "--quiet",
                                    "--set",
                                    R"(patch.controls=["same_gold", "mean_shift"])",
                                    "--set",
                                    "patch.items=pool"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  fs::path alone(const std::string& name, const std::vector<std::string>& more = {}) const {
    test::output_of(command(name, more));
    return folder / name;
  }
  Finished share(const std::string& worker, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all = {"--worker", worker, "--unit-rows", "30"};
    all.insert(all.end(), more.begin(), more.end());
    return test::run_program(command("results", all));
  }
  std::string merged() const { return test::output_of({"merge", results.string()}); }
};

const std::vector<std::string> kSmallUnits = {"--unit-rows", "30"};

TEST_F(Workers, OfALaunchGiveTheRowsOfOneRun) {
  const auto finished = test::run_programs(command("results", kSmallUnits), launch_of(3));
  for (const Finished& one : finished) EXPECT_EQ(one.status, 0) << one.err;
  EXPECT_THAT(finished[0].out, HasSubstr("Item by item in "));
  EXPECT_EQ(finished[1].out + finished[2].out, "");
  EXPECT_FALSE(fs::exists(results / "workers"));
  EXPECT_FALSE(fs::exists(results / "scratch"));
  expect_same_rows(results, alone("alone", kSmallUnits));
}

TEST_F(Workers, OfALaunchGoOnWithWhatIsThereAndComputeOnlyWhatIsNew) {
  alone("results", {"--unit-rows", "30", "--set", "task.limit=8"});
  std::map<std::string, double> before;
  for (const UnitRow& unit : Store::open(results).units())
    if (unit.stage == "scoring") before[unit.id] = unit.seconds;
  for (const Finished& one : test::run_programs(command("results", kSmallUnits), launch_of(2)))
    EXPECT_EQ(one.status, 0) << one.err;
  std::size_t kept = 0;
  for (const UnitRow& unit : Store::open(results).units())
    kept += before.contains(unit.id) && before.at(unit.id) == unit.seconds;
  EXPECT_EQ(kept, before.size());
  expect_same_rows(results, alone("alone", kSmallUnits), test::kRows);
}

TEST_F(Workers, OneThatIsKilledLeavesItsUnitsToTheOthers) {
  const auto kill_one = [&](const std::vector<int>& processes) {
    const auto begun = [&] { return fs::exists(results / "workers" / "1" / "results.db-wal"); };
    for (int wait = 0; wait < 2000 && !begun(); ++wait) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    ::kill(processes[1], SIGKILL);
  };
  const auto finished = test::run_programs(command("results", {"--unit-rows", "1"}), launch_of(2), kill_one);
  EXPECT_EQ(finished[1].status, 128 + SIGKILL);
  EXPECT_EQ(finished[0].status, 0) << finished[0].err;
  EXPECT_THAT(finished[0].out, HasSubstr("note: worker 1 of 2 died"));
  EXPECT_FALSE(fs::exists(results / "workers"));
  expect_same_rows(results, alone("alone", {"--unit-rows", "1"}));
}

TEST_F(Workers, OfALaunchEndWithTheirFirst) {
  replace_item("de", 3, "{");
  fs::remove(data / "en.jsonl");
  const auto finished = test::run_programs(command("results"), launch_of(2));
  for (const Finished& one : finished) {
    EXPECT_EQ(one.status, 1);
    EXPECT_THAT(one.err, HasSubstr("Error: "));
  }
}

TEST_F(Workers, OfALaunchNameAVariableThatIsWrong) {
  auto launch = launch_of(1);
  launch[0]["OMPI_COMM_WORLD_SIZE"] = "two";
  const Finished refused = test::run_programs(command("results"), launch).front();
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("OMPI_COMM_WORLD_SIZE is \"two\" in the environment"));
}

TEST_F(Workers, ApartAreJoinedTwiceToTheRowsOfOneRun) {
  for (const char* worker : {"0/2", "1/2"})
    EXPECT_THAT(share(worker).out,
                AllOf(HasSubstr("units computed, stored in "), HasSubstr("patches wait for all answers")));
  EXPECT_THAT(merged(),
              AllOf(HasSubstr("joined the results of workers 0-of-2, 1-of-2"),
                    HasSubstr("patching, fix (waits for answers)"), Not(HasSubstr("scoring"))));
  for (const char* worker : {"0/2", "1/2"}) {
    const Finished finished = share(worker);
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_THAT(finished.out, Not(HasSubstr("patches wait")));
  }
  EXPECT_THAT(merged(),
              AllOf(HasSubstr("joined the results of workers 0-of-2, 1-of-2"), HasSubstr("All units are done")));
  EXPECT_THAT(merged(), AllOf(HasSubstr("no worker's results are left"), HasSubstr("All units are done")));
  EXPECT_FALSE(fs::exists(results / "workers"));
  expect_same_rows(results, alone("alone", kSmallUnits));
  EXPECT_THAT(test::output_of(command("results", kSmallUnits)), HasSubstr("done already"));
}

TEST_F(Workers, ApartAreJoinedOneByOneAndWhatIsMissingIsTold) {
  share("0/2");
  EXPECT_THAT(merged(), AllOf(HasSubstr("missing: items loglik de: scoring ("), HasSubstr(" units)"),
                              HasSubstr("patching, fix (waits for answers)")));
  EXPECT_THAT(share("1/2").out, Not(HasSubstr("patches wait"))) << "it has all answers now";
  EXPECT_THAT(merged(), AllOf(HasSubstr("missing: items letters de: patching, fix ("), Not(HasSubstr("scoring"))));
  share("0/2");
  EXPECT_THAT(merged(), HasSubstr("All units are done"));
  expect_same_rows(results, alone("alone", kSmallUnits));
}

TEST_F(Workers, ApartGoOnWithTheirOwn) {
  share("0/2");
  const auto count = [&] { return Store::open(results / "workers" / "0-of-2").scores().size(); };
  const std::size_t before = count();
  EXPECT_THAT(share("0/2").out, HasSubstr(" 0 units computed"));
  EXPECT_EQ(count(), before);
  EXPECT_GT(before, 0u);
}

TEST_F(Workers, OfOtherInputsAreRefusedByName) {
  share("0/2");
  share("1/2", {"--set", "patch.seed=7"});
  const Finished refused = test::run_program({"merge", results.string()});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("1-of-2: was made from something else than "), HasSubstr("patch.seed")));
  EXPECT_TRUE(fs::exists(results / "workers" / "0-of-2" / "results.db"));
  EXPECT_FALSE(fs::exists(results / "results.db"));
}

TEST_F(Workers, AreNotJoinedWhileTheyWrite) {
  share("0/2");
  const Store writing = Store::resume(results / "workers" / "0-of-2");
  const Finished finished = test::run_program({"merge", results.string()});
  EXPECT_EQ(finished.status, 1);
  EXPECT_THAT(finished.out, HasSubstr("still writing, and not joined: workers 0-of-2 (process "));
}

TEST_F(Workers, ARunAloneJoinsWhatWorkersLeftAndDoesTheRest) {
  share("1/2");
  EXPECT_THAT(test::output_of(command("results", kSmallUnits)),
              AllOf(HasSubstr("joined the results of workers 1-of-2"), HasSubstr("done already: ")));
  expect_same_rows(results, alone("alone", kSmallUnits));
}

TEST_F(Workers, AShareThatIsNoneIsRefused) {
  for (const char* worker : {"2/2", "-1/2", "1", "1/0", "1/2/3", "a/b"}) {
    const Finished refused = share(worker);
    EXPECT_EQ(refused.status, 1) << worker;
    EXPECT_THAT(refused.err, HasSubstr("is no share such as 0/8")) << worker;
  }
}

}  // namespace
}  // namespace tertium
