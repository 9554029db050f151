#include "tertium/engine/beginnings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <random>

#include "tertium/engine/engine.h"
#include "tertium/engine/kept_strand.h"
#include "tertium/model/config.h"
#include "tertium/model/weights.h"
#include "tertium/ops/ops.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using Tokens = std::vector<std::int32_t>;

Tokens random_ids(int count, std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  Tokens ids(count);
  for (std::int32_t& id : ids) id = static_cast<std::int32_t>(3 + generator() % 90);
  return ids;
}

/// Prompts that begin alike, of which two have more in common, read at their last rows.
std::vector<Job> prompts() {
  std::vector<Job> jobs;
  const Tokens shared = random_ids(30, 1), passage = random_ids(20, 2);
  for (int j = 0; j < 6; ++j) {
    Tokens ids = shared;
    if (j == 2 || j == 3) ids.insert(ids.end(), passage.begin(), passage.end());
    const Tokens own = random_ids(7 + 9 * j, 10 + j);
    ids.insert(ids.end(), own.begin(), own.end());
    const int last = static_cast<int>(ids.size()) - 1;
    Job& job = jobs.emplace_back(Job{.name = "prompt", .strands = {{.tokens = ids}}});
    for (int k = 0; k < 2; ++k) {
      job.strands.push_back({.prefix = Prefix{0, last + 1}, .tokens = random_ids(3 + k, 50 + k)});
      job.readings.push_back({k + 1, 2, Readout::logits, {}});
    }
    job.readings.push_back({0, last, Readout::log_probs, {5, 7}});
    job.recordings.push_back({0, last, 1, Quantity::resid});
  }
  return jobs;
}

/// The same, each with a branch of its last rows that is patched, and an option behind that.
std::vector<Job> sweeps(const std::vector<float>& state, int rows) {
  std::vector<Job> jobs = prompts();
  for (Job& job : jobs) {
    const int first = job.strands[0].rows() - rows;
    job.strands.push_back({.prefix = Prefix{0, first}, .branch = Branch{0, first, rows, 1}});
    job.strands.push_back({.prefix = Prefix{3, rows}, .branch = Branch{1, 0, 3, 1}});
    job.interventions.push_back({3, 0, {SiteKind::resid_pre, 1}, {.values = state}});
    job.readings.push_back({4, 2, Readout::logits, {}});
  }
  return jobs;
}

std::vector<JobResult> run(const Engine& engine, const std::vector<Job>& jobs) {
  std::vector<JobResult> results(jobs.size());
  engine.run(jobs, [&](std::size_t j, JobResult result) { results[j] = std::move(result); });
  return results;
}

std::vector<JobResult> run(const Engine& engine, const std::vector<Job>& jobs, Beginnings& beginnings, bool keeps) {
  std::vector<JobResult> results(jobs.size());
  engine.run(
      jobs, beginnings, [&](std::size_t) { return keeps; },
      [&](std::size_t j, JobResult result) { results[j] = std::move(result); });
  return results;
}

struct Case {
  const char *family, *dtype;
};
void PrintTo(const Case& value, std::ostream* out) { *out << value.family << " in " << value.dtype; }

class KnownBeginnings : public testing::TestWithParam<Case> {
 protected:
  KnownBeginnings()
      : engine(Model::load(test::source_folder() / "tests/fixtures/golden" / GetParam().family, GetParam().dtype),
               {.batch_rows = 150}) {}
  std::vector<float> state() const { return std::vector<float>(engine.model().config().hidden, 0.5f); }

  /// Products that are not packed may depend on the number of rows.
  float rounding() const {
    const Model& model = engine.model();
    const at::ScalarType type = scalar_type(model.precision());
    for (int b = 0; b < model.config().block_count(); ++b)
      if (!model.ops(b).packs(type)) return type == at::kFloat ? 1e-5f : 0.1f;
    return 0;
  }

  void expect_same(const std::vector<JobResult>& ours, const std::vector<JobResult>& expected) const {
    ASSERT_EQ(ours.size(), expected.size());
    const auto expect = [&](const std::vector<std::vector<float>>& these,
                            const std::vector<std::vector<float>>& those) {
      ASSERT_EQ(these.size(), those.size());
      for (std::size_t i = 0; i < these.size(); ++i)
        EXPECT_THAT(these[i], testing::Pointwise(testing::FloatNear(rounding()), those[i]));
    };
    for (std::size_t j = 0; j < ours.size(); ++j) {
      expect(ours[j].readings, expected[j].readings);
      expect(ours[j].recordings, expected[j].recordings);
      EXPECT_TRUE(ours[j].kept.empty());
    }
  }

  const Engine engine;
  Beginnings beginnings;
};

INSTANTIATE_TEST_SUITE_P(Families, KnownBeginnings,
                         testing::Values(Case{"llama3", "f32"}, Case{"llama3", "bf16"}, Case{"gemma3", "f32"},
                                         Case{"gemma3", "bf16"}, Case{"bloom", "f32"}),
                         [](const auto& info) { return std::string(info.param.family) + "_" + info.param.dtype; });

TEST_P(KnownBeginnings, ChangeNoResult) {
  const std::vector<JobResult> scored = run(engine, prompts());
  expect_same(run(engine, prompts(), beginnings, /*keeps=*/true), scored);
  expect_same(run(engine, prompts(), beginnings, /*keeps=*/true), scored);
  for (const int rows : {1, 5}) {
    const std::vector<float> values = state();
    const std::vector<Job> jobs = sweeps(values, rows);
    expect_same(run(engine, jobs, beginnings, /*keeps=*/false), run(engine, jobs));
  }
}

TEST_P(KnownBeginnings, AreNotComputedAgain) {
  run(engine, prompts(), beginnings, /*keeps=*/true);
  const std::vector<float> values = state();
  for (const int rows : {1, 5})
    for (Job& job : sweeps(values, rows)) {
      beginnings.hang(job);
      EXPECT_EQ(job.strands[0].rows(), rows);
      EXPECT_EQ(job.strands[1].prefix->rows, rows);
      EXPECT_EQ(job.strands[3].branch->first_row, 0);
    }
  Beginnings common;
  run(engine, prompts(), common, /*keeps=*/false);
  const std::vector<Job> jobs = prompts();
  for (Job job : jobs) {
    common.hang(job);
    EXPECT_EQ(job.strands[0].past->rows(), 30);
  }
}

TEST_P(KnownBeginnings, EndWhereSomethingIsDoneOrLookedAt) {
  run(engine, prompts(), beginnings, /*keeps=*/true);
  const std::vector<float> values = state();
  std::vector<Job> jobs = prompts();
  for (Job& job : jobs) job.interventions = {{0, 20, {SiteKind::attn_out, 1}, {.values = values}}};
  const std::vector<JobResult> expected = run(engine, jobs);
  EXPECT_FALSE(beginnings.is_new(jobs[0]));
  expect_same(run(engine, jobs, beginnings, /*keeps=*/true), expected);
  Job changed = jobs[0];
  beginnings.hang(changed);
  EXPECT_EQ(changed.strands[0].past->rows(), 20);
  EXPECT_EQ(changed.interventions[0].row, 0);
  Job looked_at = prompts()[0];
  looked_at.recordings = {{0, 3, 1, Quantity::z}};
  beginnings.hang(looked_at);
  EXPECT_FALSE(looked_at.strands[0].past) << "three rows are not worth it";
}

TEST(TurningRope, LetsNothingBeKept) {
  const Engine engine(Model::load(test::source_folder() / "tests/fixtures/golden/rope_dynamic", "f32"));
  std::vector<Job> jobs = prompts();
  for (Job& job : jobs) {
    job.strands.resize(1);
    job.readings = {job.readings.back()};
  }
  const std::vector<JobResult> expected = run(engine, jobs);
  Beginnings beginnings;
  for (int time = 0; time < 2; ++time) {
    const std::vector<JobResult> ours = run(engine, jobs, beginnings, /*keeps=*/true);
    for (std::size_t j = 0; j < jobs.size(); ++j) EXPECT_EQ(ours[j].readings, expected[j].readings);
  }
  EXPECT_TRUE(beginnings.is_new(jobs[0]));
}

}  // namespace
}  // namespace tertium
