#include "tertium/engine/greedy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "tertium/engine/engine.h"
#include "tertium/engine/intervene.h"
#include "tertium/model/config.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;

constexpr float kRounding = 1e-5f;  // logits of the golden models are of order 1

fs::path golden() { return test::source_folder() / "tests/fixtures/golden"; }

std::vector<std::string> families() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(golden()))
    if (fs::exists(entry.path() / "config.json")) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

std::vector<std::int32_t> random_ids(int count, std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::vector<std::int32_t> ids(count);
  for (std::int32_t& id : ids) id = static_cast<std::int32_t>(3 + generator() % 90);
  return ids;
}

/// What is done to a text, whole or in a session.
struct Edit {
  int row = -1;                 // none
  std::vector<float> vector;    // put in at `row`
  std::vector<float> steering;  // added to every row
  int block = 0;
};

class Sessions : public testing::TestWithParam<std::string> {
 protected:
  Sessions() : engine(Model::load(golden() / GetParam(), "f32")) {}

  int blocks() const { return engine.model().config().block_count(); }

  std::vector<float> random_vector(std::uint64_t seed) const {
    std::mt19937_64 generator(seed);
    std::normal_distribution<float> normal;
    std::vector<float> vector(engine.model().config().hidden);
    for (float& value : vector) value = normal(generator);
    return vector;
  }

  /// Logits at each of the last `count` rows of a text that is computed whole.
  std::vector<std::vector<float>> recomputed(const std::vector<std::int32_t>& ids, int count, const Edit& edit) const {
    Job job{.name = "whole", .strands = {{.tokens = ids}}};
    const Site site{SiteKind::resid_post, edit.block};
    if (edit.row >= 0) job.interventions.push_back({0, edit.row, site, {.values = edit.vector}});
    if (!edit.steering.empty())
      everywhere(job, 0, site, {.values = edit.steering, .operation = Operation::add, .dose = 0.5f});
    for (int row = static_cast<int>(ids.size()) - count; row < static_cast<int>(ids.size()); ++row)
      job.readings.push_back({0, row, Readout::logits, {}});
    return engine.run(job).readings;
  }

  /// The same, of a prompt and then each of the other rows in a run of its own. An edited row is a branch.
  std::vector<std::vector<float>> in_session(const std::vector<std::int32_t>& ids, int count, const Edit& edit) const {
    const int prompt = static_cast<int>(ids.size()) - count + 1;
    const Site site{SiteKind::resid_post, edit.block};
    const Change steering{.values = edit.steering, .operation = Operation::add, .dose = 0.5f};
    Job job{.name = "prompt", .strands = {{.tokens = {ids.begin(), ids.begin() + prompt}}}};
    if (!edit.steering.empty()) everywhere(job, 0, site, steering);
    int strand = 0;
    if (edit.row >= 0) {
      strand = 1;
      job.strands.push_back(
          {.prefix = Prefix{0, edit.row}, .branch = Branch{0, edit.row, prompt - edit.row, edit.block + 1}});
      job.interventions.push_back({1, 0, site, {.values = edit.vector}});
    }
    std::vector<std::vector<float>> logits;
    for (int i = 0; i < count; ++i) {
      job.kept = {strand};
      job.readings = {{strand, job.strands[strand].rows() - 1, Readout::logits, {}}};
      const JobResult result = engine.run(job);
      logits.push_back(result.readings[0]);
      if (i + 1 == count) break;
      job = {.name = "row", .strands = {{.tokens = {ids[prompt + i]}, .past = result.kept[0]}}};
      if (!edit.steering.empty()) everywhere(job, 0, site, steering);
      strand = 0;
    }
    return logits;
  }

  void expect_same(const std::vector<std::int32_t>& ids, const Edit& edit) const {
    constexpr int kRows = 9;
    const auto whole = recomputed(ids, kRows, edit), rows = in_session(ids, kRows, edit);
    for (int i = 0; i < kRows; ++i)
      for (std::size_t word = 0; word < whole[i].size(); ++word)
        ASSERT_NEAR(whole[i][word], rows[i][word], kRounding) << "row " << i << ", word " << word;
  }

  /// Whether the rotations of all rows change while a text of 30 rows grows.
  bool turns() const {
    return std::ranges::any_of(engine.model().config().ropes, [](const Rope& rope) {
      return rope.depends_on_length() && inverse_frequencies(rope, 20) != inverse_frequencies(rope, 30);
    });
  }

  /// Greedy, each token by the whole text anew.
  std::vector<std::int32_t> recomputed_text(std::vector<std::int32_t> ids, int count) const {
    std::vector<std::int32_t> made;
    const std::vector<std::int32_t>& ends = engine.model().config().end_tokens;
    for (int i = 0; i < count; ++i) {
      const std::vector<float> logits = recomputed(ids, 1, {}).front();
      const auto next = static_cast<std::int32_t>(std::ranges::max_element(logits) - logits.begin());
      if (std::ranges::find(ends, next) != ends.end()) break;
      ids.push_back(next);
      made.push_back(next);
    }
    return made;
  }

  Engine engine;
  const std::vector<std::int32_t> ids = random_ids(30, 1);
};

INSTANTIATE_TEST_SUITE_P(Golden, Sessions, testing::ValuesIn(families()), [](const auto& info) { return info.param; });

TEST_P(Sessions, RowsOneByOneEqualTheWholeText) {
  if (turns()) GTEST_SKIP() << "its rope turns all rows by the text's length";
  expect_same(ids, {});
}

TEST_P(Sessions, AnEditedRowStaysEditedForLaterRows) {
  if (turns()) GTEST_SKIP() << "its rope turns all rows by the text's length";
  for (int b = 0; b < blocks(); ++b)
    for (const int row : {21, 14}) expect_same(ids, {.row = row, .vector = random_vector(7), .block = b});
}

TEST_P(Sessions, WhatIsDoneEverywhereIsDoneToLaterRows) {
  if (turns()) GTEST_SKIP() << "its rope turns all rows by the text's length";
  for (int b = 0; b < blocks(); ++b) expect_same(ids, {.steering = random_vector(8), .block = b});
}

TEST_P(Sessions, BatchAndOrderDoNotChangeTexts) {
  std::vector<ContinuedJob> jobs;
  const int context = engine.model().config().context;
  for (int i = 0; i < 6; ++i) {
    const bool room = context >= 48;
    std::vector<std::int32_t> prompt = random_ids(!room ? 1 : i % 2 ? 18 : 5, 3);  // some begin alike
    const std::vector<std::int32_t> own = random_ids(2 + (room ? i : i / 2), 20 + i);
    prompt.insert(prompt.end(), own.begin(), own.end());
    const int most = std::min(4 + 2 * i, context - static_cast<int>(prompt.size()));
    jobs.push_back({.job = {.name = "text", .strands = {{.tokens = prompt}}}, .continuations = {{.most = most}}});
  }
  std::vector<std::vector<std::int32_t>> together;
  for (const ContinuedResult& result : continue_greedily(engine, jobs)) together.push_back(result.texts[0].tokens);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    EXPECT_EQ(together[i], continue_greedily(engine, {&jobs[i], 1})[0].texts[0].tokens) << i;
    EXPECT_EQ(together[i], recomputed_text(jobs[i].job.strands[0].tokens, jobs[i].continuations[0].most)) << i;
  }
  std::ranges::reverse(jobs);
  std::ranges::reverse(together);
  const std::vector<ContinuedResult> reversed = continue_greedily(engine, jobs);
  for (std::size_t i = 0; i < jobs.size(); ++i) EXPECT_EQ(together[i], reversed[i].texts[0].tokens) << i;
}

class Greedy : public testing::Test {
 protected:
  Engine engine{Model::load(golden() / "gemma3", "f32")};
};

TEST_F(Greedy, EachTextStopsByItself) {
  const auto after = [](std::size_t count) {
    return [count](std::span<const std::int32_t> made) { return made.size() == count; };
  };
  Job job{.name = "text", .strands = {{.tokens = random_ids(9, 1)}}};
  const std::vector<ContinuedJob> jobs = {{job, {{.most = 6}, {.most = 6, .ends = after(2)}}}, {job, {{.most = 1}}}};
  std::vector<std::size_t> ended;
  const auto results = continue_greedily(engine, jobs, [&](std::size_t done) { ended.push_back(done); });
  EXPECT_EQ(results[0].texts[0].tokens.size(), 6);
  EXPECT_EQ(results[0].texts[0].stop, Continued::Stop::length);
  EXPECT_EQ(results[0].texts[1].tokens.size(), 2);
  EXPECT_EQ(results[0].texts[1].stop, Continued::Stop::text);
  EXPECT_EQ(results[1].texts[0].tokens.size(), 1);
  EXPECT_THAT(ended, testing::ElementsAre(1, 2, 2, 2, 2, 3));
}

TEST_F(Greedy, AJobKeepsItsOwnReadings) {
  Job job{.name = "text", .strands = {{.tokens = random_ids(9, 1)}}, .readings = {{0, 3, Readout::log_probs, {7}}}};
  const ContinuedJob asked{job, {{.most = 2}}};
  const ContinuedResult result = std::move(continue_greedily(engine, {&asked, 1})[0]);
  ASSERT_EQ(result.result.readings.size(), 1);
  EXPECT_NEAR(result.result.readings[0][0], engine.run(job).readings[0][0], kRounding);
}

TEST_F(Greedy, APromptThatLeavesNoRoomIsNamed) {
  const int context = engine.model().config().context;
  const ContinuedJob asked{{.name = "eng_Latn, line 3", .strands = {{.tokens = random_ids(9, 1)}}},
                           {{.most = context}}};
  EXPECT_THAT(test::error_of([&] {
                continue_greedily(engine, {&asked, 1});
              }),
              testing::StartsWith("eng_Latn, line 3: the prompt's 9 tokens and "));
}

TEST_F(Greedy, TheLikeliestIsThatOfAllLogits) {
  Job job{.name = "text", .strands = {{.tokens = random_ids(9, 4)}}};
  job.readings = {{0, 8, Readout::logits, {}}, {0, 8, Readout::likeliest, {}}};
  const JobResult result = engine.run(job);
  std::vector<float> logits = result.readings[0];
  const auto best = std::ranges::max_element(logits);
  EXPECT_EQ(result.readings[1][0], static_cast<float>(best - logits.begin()));
  EXPECT_NEAR(result.readings[1][1], *best, kRounding);
  const float largest = std::exchange(*best, -INFINITY);
  EXPECT_NEAR(result.readings[1][2], largest - *std::ranges::max_element(logits), kRounding);
}

/// In half precision a session rounds where a whole run does, but adds up in another order.
class HalfSessions : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Golden, HalfSessions, testing::Values("gemma3", "llama3", "bloom", "mixtral"));

TEST_P(HalfSessions, RowsOneByOneAreNearTheWholeText) {
  const Engine engine(Model::load(golden() / GetParam(), "bf16"));
  const std::vector<std::int32_t> ids = random_ids(30, 1);
  Job whole{.name = "whole", .strands = {{.tokens = ids}}};
  for (int row = 20; row < 30; ++row) whole.readings.push_back({0, row, Readout::logits, {}});
  const JobResult all = engine.run(whole);
  Job job{.name = "row", .strands = {{.tokens = {ids.begin(), ids.begin() + 21}}}};
  float furthest = 0;
  for (int row = 20; row < 30; ++row) {
    job.kept = {0};
    job.readings = {{0, job.strands[0].rows() - 1, Readout::logits, {}}};
    const JobResult result = engine.run(job);
    for (std::size_t word = 0; word < result.readings[0].size(); ++word)
      furthest = std::max(furthest, std::abs(result.readings[0][word] - all.readings[row - 20][word]));
    if (row < 29) job = {.name = "row", .strands = {{.tokens = {ids[row + 1]}, .past = result.kept[0]}}};
  }
  EXPECT_LT(furthest, 0.02f);
}

}  // namespace
}  // namespace tertium
