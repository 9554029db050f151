#include "tertium/experiment/stages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace tertium {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Stages : public test::FolderTest {
 protected:
  /// One task in the pivot and two others, aligned and patched in one direction.
  Stages() {
    experiment.metrics = {"dali"};
    experiment.patch.emplace();
    experiment.patch->directions = {"fix"};
    task.spec.name = "xcopa";
    task.pivot.language = "en";
    task.others = {{.language = "it"}, {.language = "zh"}};
  }

  Stage stage(std::string_view what, std::size_t total) {
    return {stage_name(task.spec, "it", what), total, store, progress};
  }

  /// As somebody else sees it, who reads while the run goes on.
  Completeness seen() const { return completeness(Store::open(folder / "results").info()); }

  Experiment experiment;
  PreparedTask task;
  Store store = Store::create(folder / "results", false);
  const Progress progress = [](std::string_view, std::size_t, std::size_t) {};
};

TEST_F(Stages, AreMissingUntilTheyHaveEnded) {
  plan_stages(store, experiment, {task}, {});
  store.commit();
  EXPECT_THAT(seen().missing,
              ElementsAre("xcopa loglik en: scoring", "xcopa loglik it: scoring", "xcopa loglik it: alignment",
                          "xcopa loglik it: patching, fix", "xcopa loglik zh: scoring", "xcopa loglik zh: alignment",
                          "xcopa loglik zh: patching, fix"));
  stage(kScoring, 10).end();
  EXPECT_THAT(seen().missing, testing::Not(testing::Contains("xcopa loglik it: scoring")));
  EXPECT_FALSE(seen().finished);
}

TEST_F(Stages, CommitRowsWithHowFarTheyAre) {
  const ScoreRow row{"xcopa", "it", "1", "loglik", 0, -1.5, 1, true};
  Stage scoring = stage(kScoring, 10);
  store.add(row);
  scoring.reached(1);
  EXPECT_THAT(Store::open(folder / "results").scores(), IsEmpty());
  scoring.commit(1);
  EXPECT_EQ(Store::open(folder / "results").scores().size(), 1u);
  EXPECT_THAT(seen().missing, ElementsAre("xcopa loglik it: scoring (1 of 10)"));
}

TEST_F(Stages, ThatAreKnownStayAsTheyAreWhereARunGoesOn) {
  plan_stages(store, experiment, {task}, {});
  stage(kScoring, 10).end();
  plan_stages(store, experiment, {task}, {});
  store.commit();
  EXPECT_THAT(seen().missing, testing::Not(testing::Contains("xcopa loglik it: scoring")));
}

TEST_F(Stages, AreReadBackWithHowFarTheyAre) {
  const std::vector<StageState> stages = stage_states({{"model", "m.gguf"},
                                                       {"stage xcopa letters:AB:01 it: patching, fix", "12 of 100"},
                                                       {"stage xcopa loglik en: scoring", "done"},
                                                       {"stage parallel flores200 de: reading", "not begun"},
                                                       {"stage odd", "99999999999999999999 of"}});
  ASSERT_EQ(stages.size(), 4u);
  EXPECT_EQ(stages[0].asked, "xcopa letters:AB:01");
  EXPECT_EQ(stages[0].language, "it");
  EXPECT_EQ(stages[0].what, patching("fix"));
  EXPECT_EQ(stages[0].is, StageState::Is::under_way);
  EXPECT_EQ(stages[0].done, 12u);
  EXPECT_EQ(stages[0].of, 100u);
  EXPECT_EQ(stages[0].name(), "xcopa letters:AB:01 it: patching, fix");
  EXPECT_EQ(stages[1].is, StageState::Is::done);
  EXPECT_EQ(stages[2].asked, "parallel flores200");
  EXPECT_EQ(stages[2].is, StageState::Is::not_begun);
  EXPECT_EQ(stages[3].asked, "odd") << "whatever a file says is read";
}

TEST_F(Stages, OfAFinishedRunAreNotSpokenOf) {
  EXPECT_EQ(told({.finished = true, .missing = {}}, {}), "");
  EXPECT_EQ(told({.finished = false, .missing = {"xcopa loglik zh: scoring (12 of 100)"}}, {}),
            "This run has not finished; the same `tertium run` goes on with it.\n"
            "What follows is of a part.\n"
            "  missing: xcopa loglik zh: scoring (12 of 100)\n");
  EXPECT_THAT(told({.finished = false, .missing = {}}, "process 7 on node1"),
              HasSubstr("This run still goes on, process 7 on node1."));
  EXPECT_THAT(told({.finished = false, .missing = std::vector<std::string>(20, "x")}, {}), HasSubstr("and 12 more"));
}

TEST_F(Stages, AreOfAnAlignmentOnceForATaskInSeveralProtocols) {
  PreparedTask letters = task;
  letters.spec.protocol = Protocol::letters;
  plan_stages(store, experiment, {task, letters}, {});
  store.commit();
  EXPECT_THAT(seen().missing, testing::Not(testing::Contains(HasSubstr("letters it: alignment"))));
}

}  // namespace
}  // namespace tertium
