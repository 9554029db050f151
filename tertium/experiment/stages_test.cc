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

TEST_F(Stages, OfAFinishedRunAreNotSpokenOf) {
  EXPECT_EQ(told({.finished = true, .missing = {}}), "");
  EXPECT_EQ(told({.finished = false, .missing = {"xcopa loglik zh: scoring (12 of 100)"}}),
            "This run has not finished: it still runs, or was broken off. What follows is of a part.\n"
            "  missing: xcopa loglik zh: scoring (12 of 100)\n");
  EXPECT_THAT(told({.finished = false, .missing = std::vector<std::string>(20, "x")}), HasSubstr("and 12 more"));
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
