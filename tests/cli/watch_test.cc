// A run as somebody follows it who only has its folder, as the real program.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tertium/base/file.h"
#include "tertium/base/text.h"
#include "tertium/store/store.h"
#include "tests/support/small_experiment.h"

namespace tertium {
namespace {

using nlohmann::json;
using test::Finished;
using test::lines_of;
using test::output_of;
using test::run_program;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Watch : public test::SmallExperiment {
 protected:
  Finished watch(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"watch", results.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments);
  }
  static UnitRow unit(const std::string& id, const std::string& state, const std::string& error = "") {
    return {.id = id,
            .task = "xcopa",
            .protocol = "loglik",
            .language = "it",
            .direction = "",
            .first_item = id,
            .items = 10,
            .state = state,
            .seconds = 5,
            .rows = 20,
            .worker = "0",
            .stage = "scoring",
            .part = "",
            .ties = 0,
            .error = error};
  }
  /// A run of this process, which goes on until the store is gone.
  Store begun() const {
    Store store = Store::create(results, false);
    store.set_info("model", "m.gguf");
    store.set_info("started", "2026-01-01T00:00:00Z");
    store.set_info("stage xcopa loglik it: scoring", "10 of 100");
    store.set_info("stage xcopa loglik zh: scoring", "not begun");
    store.set_info("stage xcopa loglik zh: alignment", "not begun");
    store.add(unit("a", "done"));
    store.commit();
    return store;
  }
};

TEST_F(Watch, TellsAFinishedRunAndEnds) {
  results_of("results");
  const Finished seen = watch();
  EXPECT_EQ(seen.status, 0);
  EXPECT_THAT(seen.out, HasSubstr(": finished 20"));
  const json told = json::parse(watch({"--once", "--json"}).out);
  EXPECT_EQ(told.at("state"), "finished");
  EXPECT_EQ(told.at("writer"), "");
  EXPECT_EQ(told.at("units_failed"), 0);
  for (const json& stage : told.at("stages")) EXPECT_EQ(stage.at("state"), "done") << stage;
  EXPECT_EQ(told.at("stages_done"), told.at("stages").size());
}

TEST_F(Watch, ShowsWhatIsDoneOfWhatHowFastAndWhatIsLeft) {
  const Store store = begun();
  const std::string shown = watch({"--once"}).out;
  EXPECT_THAT(shown, AllOf(HasSubstr(": runs, process "), HasSubstr("xcopa loglik\n"), HasSubstr("it          10/100"),
                           HasSubstr("scoring 10/100, 2.0 items a second, 45 s left\n")));
  // zh is scored in the 50 s that Italian takes; how long alignment takes nobody knows yet.
  EXPECT_THAT(shown, HasSubstr("In all 0 of 3 stages, 1 unit; at least 1:35 left, besides 1 stage"));
  for (const std::string& line : lines_of(shown)) EXPECT_LE(code_points(line), 80u) << line;
  const json told = json::parse(watch({"--once", "--json"}).out);
  EXPECT_EQ(told.at("state"), "running");
  EXPECT_EQ(told.at("stages").at(0).at("per_second"), 2);
  EXPECT_EQ(told.at("seconds_left"), 95);
  EXPECT_EQ(told.at("stages_of_unknown_speed"), 1);
}

TEST_F(Watch, FollowsARunLineByLineUntilItHasEnded) {
  Store store = begun();
  const std::filesystem::path out = folder / "seen";
  Finished seen;
  std::thread watcher([&] { seen = run_program({"watch", results.string()}, out); });
  const auto said = [&] { return lines_of(read_text_file(out)); };
  // However slow the machine is, the next change comes after the last one was told.
  const auto await_lines = [&](std::size_t count) {
    for (int tries = 0; tries < 1200 && (!std::filesystem::exists(out) || said().size() < count); ++tries)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
  };
  await_lines(3);
  store.set_info("stage xcopa loglik it: scoring", "20 of 100");
  store.add(unit("b", "done"));
  store.add(unit("c", "failed", "xcopa it, item 7: a score is not finite"));
  store.commit();
  await_lines(5);
  store.set_info("stage xcopa loglik it: scoring", "done");
  store.set_info("finished", "2026-01-01T01:00:00Z");
  store.commit();
  watcher.join();
  EXPECT_EQ(seen.status, 0);
  EXPECT_THAT(
      said(),
      testing::ElementsAre("xcopa loglik it: scoring 10/100, 2.0 items a second, 45 s left",
                           testing::StartsWith(results.string() + ": runs, process "),
                           testing::StartsWith("In all 0 of 3 stages"),
                           "xcopa loglik it: scoring 20/100, 2.0 items a second, 40 s left",
                           "failed: xcopa it, item 7: a score is not finite", "xcopa loglik it: scoring done",
                           results.string() + ": finished 2026-01-01T01:00:00Z", "In all 1 of 3 stages, 2 units"));
}

TEST_F(Watch, SaysThatNothingRunsWhereARunWasBrokenOff) {
  begun();  // and gone
  const Finished seen = watch();
  EXPECT_EQ(seen.status, 1);
  EXPECT_THAT(seen.out, HasSubstr("nothing runs here"));
  EXPECT_EQ(watch({"--once"}).status, 0);
  // A run that was killed leaves its lock behind; of another host's process nothing is known.
  std::array<char, 256> host = {};
  ASSERT_EQ(gethostname(host.data(), host.size() - 1), 0);
  temporary.write("results/run.lock", fmt::format("999999999 {}\n", host.data()));
  EXPECT_THAT(watch({"--once"}).out, HasSubstr("nothing runs here"));
  temporary.write("results/run.lock", "999999999 elsewhere\n");
  EXPECT_THAT(watch({"--once"}).out, HasSubstr(": runs, process 999999999 on elsewhere"));
}

TEST_F(Watch, NamesAFolderWithoutResults) {
  const Finished seen = watch();
  EXPECT_EQ(seen.status, 1);
  EXPECT_THAT(seen.err, AllOf(StartsWith("Error: "), HasSubstr("holds no results.db")));
}

}  // namespace
}  // namespace tertium
