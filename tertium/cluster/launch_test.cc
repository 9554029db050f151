#include "tertium/cluster/launch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/support/files.h"

namespace tertium {
namespace {

using testing::HasSubstr;
using Variables = std::map<std::string, std::string>;

std::optional<Launch> launch_in(const Variables& variables) {
  return launch_of([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(Launch, AProcessThatNobodyLaunchedIsAlone) { EXPECT_FALSE(launch_in({})); }

TEST(Launch, OfOneProcessIsNone) { EXPECT_FALSE(launch_in({{"RANK", "0"}, {"WORLD_SIZE", "1"}})); }

TEST(Launch, OfTorchrunUsesItsAgentsStore) {
  const auto launch = launch_in({{"RANK", "3"},
                                 {"WORLD_SIZE", "8"},
                                 {"LOCAL_WORLD_SIZE", "2"},
                                 {"MASTER_ADDR", "node1"},
                                 {"MASTER_PORT", "29511"},
                                 {"TORCHELASTIC_USE_AGENT_STORE", "True"},
                                 {"TORCHELASTIC_RUN_ID", "job7"},
                                 {"TORCHELASTIC_RESTART_COUNT", "2"}});
  ASSERT_TRUE(launch);
  EXPECT_EQ(launch->rank, 3);
  EXPECT_EQ(launch->size, 8);
  EXPECT_EQ(launch->local_size, 2);
  EXPECT_EQ(launch->address, "node1");
  EXPECT_EQ(launch->port, 29511);
  EXPECT_TRUE(launch->is_hosted);
  EXPECT_EQ(launch->name, "job7.2") << "claims of a restarted launch are void";
}

TEST(Launch, OfSrunIsNamedByJobAndStep) {
  const auto launch = launch_in({{"SLURM_PROCID", "5"},
                                 {"SLURM_STEP_NUM_TASKS", "16"},
                                 {"SLURM_STEP_TASKS_PER_NODE", "2(x8)"},
                                 {"SLURM_JOB_ID", "4711"},
                                 {"SLURM_STEP_ID", "0"}});
  ASSERT_TRUE(launch);
  EXPECT_EQ(launch->rank, 5);
  EXPECT_EQ(launch->local_size, 2);
  EXPECT_EQ(launch->address, "");
  EXPECT_FALSE(launch->is_hosted);
  EXPECT_EQ(launch->name, "4711.0");
}

TEST(Launch, ABatchScriptItselfIsNoTask) {
  EXPECT_FALSE(launch_in({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}, {"SLURM_JOB_ID", "1"}}));
}

TEST(Launch, OfMpirunCountsWhereMpirunRunsUnderSlurm) {
  const auto launch = launch_in({{"OMPI_COMM_WORLD_RANK", "1"},
                                 {"OMPI_COMM_WORLD_SIZE", "4"},
                                 {"SLURM_PROCID", "0"},
                                 {"SLURM_STEP_NUM_TASKS", "2"}});
  ASSERT_TRUE(launch);
  EXPECT_EQ(launch->size, 4);
  EXPECT_EQ(launch_in({{"PMI_RANK", "1"}, {"PMI_SIZE", "2"}})->rank, 1);
}

TEST(Launch, AVariableThatIsNoNumberIsNamed) {
  const auto message = [](const Variables& variables) { return test::error_of([&] { launch_in(variables); }); };
  EXPECT_THAT(message({{"RANK", "x"}, {"WORLD_SIZE", "2"}}), HasSubstr("RANK is \"x\""));
  EXPECT_THAT(message({{"RANK", "2"}, {"WORLD_SIZE", "2"}}), HasSubstr("RANK is 2 but WORLD_SIZE is 2"));
  EXPECT_THAT(message({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "a"}}), HasSubstr("MASTER_PORT is \"\""));
  EXPECT_THAT(message({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "a"}, {"MASTER_PORT", "70000"}}),
              HasSubstr("MASTER_PORT is 70000"));
}

TEST(Launch, GivesEachProcessAtLeastOneThread) { EXPECT_EQ(threads_of({.local_size = 1'000'000}), 1); }

}  // namespace
}  // namespace tertium
