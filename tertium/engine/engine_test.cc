#include "tertium/engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <random>

#include "tertium/engine/layout.h"
#include "tertium/model/config.h"
#include "tertium/ops/ops.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

constexpr float kRounding = 1e-5f;  // logits of the golden models are of order 1

std::vector<std::int32_t> random_ids(int count, std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::vector<std::int32_t> ids(count);
  for (std::int32_t& id : ids) id = static_cast<std::int32_t>(3 + generator() % 90);
  return ids;
}

void expect_near(const std::vector<float>& a, const std::vector<float>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], kRounding) << "at " << i;
}

/// Each claim is made of two families: plain causal attention, and windows with two ropes.
class Strands : public testing::TestWithParam<const char*> {
 protected:
  Strands()
      : engine(Model::load(std::filesystem::path(TERTIUM_SOURCE_DIR) / "tests/fixtures/golden" / GetParam(), "f32")) {}

  std::vector<float> last_logits(const std::vector<std::int32_t>& ids) const {
    Job job{.strands = {{.tokens = ids}}};
    job.readings.push_back({0, static_cast<int>(ids.size()) - 1, Readout::logits, {}});
    return engine.run(job).readings[0];
  }

  /// A quantity at one row, at every layer.
  std::vector<float> recorded(const std::vector<std::int32_t>& ids, int row, Quantity quantity) const {
    Job job{.strands = {{.tokens = ids}}};
    job.recordings.push_back({0, row, 1, quantity});
    return engine.run(job).recordings[0];
  }
  /// The stream at one row, [L + 1, D].
  std::vector<float> resid(const std::vector<std::int32_t>& ids, int row) const {
    return recorded(ids, row, Quantity::resid);
  }

  int blocks() const { return engine.model().config().block_count(); }
  /// What products that are not packed may change, since they may depend on the number of rows.
  float rounding() const {
    for (int b = 0; b < blocks(); ++b)
      if (!engine.model().ops(b).packs(at::kFloat)) return kRounding;
    return 0;
  }
  std::size_t width() const { return engine.model().config().hidden; }

  Engine engine;
  std::vector<std::int32_t> ids = random_ids(21, 1), other = random_ids(17, 2);
};

INSTANTIATE_TEST_SUITE_P(Families, Strands, testing::Values("llama3", "gemma3"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(Strands, AnIdWithoutAnEmbeddingIsNamedBeforeAnyPass) {
  const int words = engine.model().config().vocabulary;
  Job good{.strands = {{.tokens = ids}}}, of_prompt{.name = "it", .strands = {{.tokens = {5, words}}}},
      of_reading = good;
  of_reading.name = "zh";
  of_reading.readings = {{0, 0, Readout::log_probs, {-1}}};
  const std::string told = " the tokenizer gives the id ";
  EXPECT_THAT(test::error_of([&] { engine.run(of_prompt); }), testing::HasSubstr("it:" + told + std::to_string(words)));
  const auto done = [](std::size_t, JobResult) { ADD_FAILURE() << "a pass has run"; };
  const std::vector<Job> jobs = {good, of_reading};
  EXPECT_THAT(test::error_of([&] { engine.run(jobs, done); }), testing::HasSubstr("zh:" + told + "-1"));
}

TEST_P(Strands, HangingOnAPrefixEqualsOneLongRun) {
  Job job{.strands = {{.tokens = {ids.begin(), ids.begin() + 15}},
                      {.prefix = Prefix{0, 12}, .tokens = {ids.begin() + 12, ids.end()}}}};
  job.readings.push_back({1, 8, Readout::logits, {}});
  expect_near(engine.run(job).readings[0], last_logits(ids));
}

TEST_P(Strands, OptionsOfOneContextDoNotSeeEachOther) {
  Job job{.strands = {{.tokens = ids}}};
  for (int option = 0; option < 3; ++option) {
    job.strands.push_back(
        {.prefix = Prefix{0, static_cast<int>(ids.size())}, .tokens = random_ids(4 + option, 10 + option)});
    job.readings.push_back({option + 1, 3 + option, Readout::logits, {}});
  }
  const JobResult result = engine.run(job);
  for (int option = 0; option < 3; ++option) {
    std::vector<std::int32_t> alone = ids;
    const std::vector<std::int32_t> own = random_ids(4 + option, 10 + option);
    alone.insert(alone.end(), own.begin(), own.end());
    expect_near(result.readings[option], last_logits(alone));
  }
}

// By packed products not a bit, wherever in a pass the patched rows lie: of a prompt's last row, and of an option
// behind.
TEST_P(Strands, PatchedWithItselfChangesNothing) {
  const int last = static_cast<int>(ids.size()) - 1;
  const std::vector<std::int32_t> option = random_ids(5, 3);
  const std::vector<float> own = resid(ids, last);
  Job job{.strands = {{.tokens = ids}, {.prefix = Prefix{0, last + 1}, .tokens = option}}};
  const auto read = [&](int prompt, int row, int behind) {
    job.readings.push_back({prompt, row, Readout::logits, {}});
    for (int r = 0; r < 5; ++r) job.readings.push_back({behind, r, Readout::log_probs, {7, 9}});
  };
  read(0, last, 1);
  const std::vector<std::vector<float>> clean = engine.run(job).readings;
  job.readings.clear();
  for (int copy = 0; copy < 9; ++copy)
    for (int b = 0; b < blocks(); ++b) {
      const int branch = static_cast<int>(job.strands.size());
      job.strands.push_back({.prefix = Prefix{0, last}, .branch = Branch{0, last, 1, b + 1}});
      job.strands.push_back({.prefix = Prefix{branch, 1}, .branch = Branch{1, 0, 5, b + 1}});
      job.interventions.push_back(
          {branch, 0, {SiteKind::resid_post, b}, std::span(own).subspan((b + 1) * width(), width())});
      read(branch, 0, branch + 1);
    }
  const std::vector<std::vector<float>> patched = engine.run(job).readings;
  for (std::size_t i = 0; i < patched.size(); ++i)
    EXPECT_THAT(patched[i], testing::Pointwise(testing::FloatNear(rounding()), clean[i % clean.size()])) << i;
}

TEST_P(Strands, ABranchEqualsAFullRunWithTheSameEdit) {
  const int first = 9, rows = static_cast<int>(ids.size()) - first;
  const std::vector<float> donor = resid(other, 5);
  for (const SiteKind kind :
       {SiteKind::resid_pre, SiteKind::attn_out, SiteKind::resid_mid, SiteKind::mlp_out, SiteKind::resid_post}) {
    for (int b = 0; b < blocks(); ++b) {
      const std::span<const float> value = std::span(donor).subspan(b * width(), width());
      Job full{.strands = {{.tokens = ids}}, .interventions = {{0, first, {kind, b}, value}}};
      full.readings.push_back({0, static_cast<int>(ids.size()) - 1, Readout::logits, {}});
      Job branched{.strands = {{.tokens = ids}}};
      branched.strands.push_back(
          {.prefix = Prefix{0, first}, .branch = Branch{0, first, rows, b + (kind == SiteKind::resid_post)}});
      branched.interventions.push_back({1, 0, {kind, b}, value});
      branched.readings.push_back({1, rows - 1, Readout::logits, {}});
      const std::vector<float> expected = engine.run(full).readings[0];
      expect_near(engine.run(branched).readings[0], expected);
      // In the last block nothing looks back at the edited row any more.
      if (b + 1 < blocks()) {
        ASSERT_NE(expected, last_logits(ids)) << "the edit did nothing at " << to_string({kind, b});
      }
    }
  }
}

/// Before it joins it has what it copies, also where that is a branch itself.
TEST_P(Strands, ABranchIsRecordedAtEveryLayerAsAWholeRunIs) {
  const int rows = static_cast<int>(ids.size());
  const std::vector<float> donor = resid(other, 5);
  const auto value = [&](int b) { return std::span(donor).subspan(b * width(), width()); };
  const Quantity quantities[] = {Quantity::resid, Quantity::z, Quantity::mlp_out, Quantity::final_norm};
  Job whole{.strands = {{.tokens = ids}}};
  whole.interventions = {{0, 3, {SiteKind::attn_out, 1}, value(0)}, {0, 4, {SiteKind::resid_post, 1}, value(1)}};
  Job branched{.strands = {{.tokens = ids}, {.branch = Branch{0, 0, rows, 1}}, {.branch = Branch{1, 0, rows, 2}}}};
  branched.interventions = {{1, 3, {SiteKind::attn_out, 1}, value(0)}, {2, 4, {SiteKind::resid_pre, 2}, value(1)}};
  for (const Quantity quantity : quantities) {
    whole.recordings.push_back({0, 2, 5, quantity});
    branched.recordings.push_back({2, 2, 5, quantity});
  }
  const JobResult expected = engine.run(whole), ours = engine.run(branched);
  for (std::size_t i = 0; i < expected.recordings.size(); ++i) expect_near(ours.recordings[i], expected.recordings[i]);
}

TEST_P(Strands, HeadsReplacedOneByOneEqualAllOfZAtOnce) {
  const Config& config = engine.model().config();
  const int row = 9, b = 1;
  const std::vector<float> donor = recorded(other, 5, Quantity::z);
  const std::size_t all = site_width(config, {SiteKind::z, b});
  const std::span<const float> value = std::span(donor).subspan(b * all, all);
  Job whole{.strands = {{.tokens = ids}}, .interventions = {{0, row, {SiteKind::z, b}, value}}},
      heads{.strands = {{.tokens = ids}}};
  for (int h = 0; h < config.heads; ++h)
    heads.interventions.push_back({0, row, {SiteKind::z, b, h}, value.subspan(h * config.head_dim, config.head_dim)});
  for (Job* job : {&whole, &heads}) job->readings.push_back({0, 20, Readout::logits, {}});
  const std::vector<float> expected = engine.run(whole).readings[0];
  expect_near(engine.run(heads).readings[0], expected);
  EXPECT_NE(expected, last_logits(ids));
}

TEST_P(Strands, ZOfAnotherRunGivesItsAttnOut) {
  const Config& config = engine.model().config();
  const std::vector<float> z = recorded(other, 5, Quantity::z), attn_out = recorded(other, 5, Quantity::attn_out);
  const std::size_t all = site_width(config, {SiteKind::z, 0});
  for (int b = 0; b < blocks(); ++b) {
    Job job{.strands = {{.tokens = ids}},
            .interventions = {{0, 9, {SiteKind::z, b}, std::span(z).subspan(b * all, all)}}};
    job.recordings.push_back({0, 9, 1, Quantity::attn_out});
    const std::vector<float> ours = engine.run(job).recordings[0];
    expect_near({ours.begin() + b * width(), ours.begin() + (b + 1) * width()},
                {attn_out.begin() + b * width(), attn_out.begin() + (b + 1) * width()});
  }
}

/// With the other run's query at a row, and its keys and values at all rows that this one sees, a head gathers what it
/// does there: what is put in is rotated by where it stands.
TEST_P(Strands, QueriesKeysAndValuesOfAnotherRunGiveItsZ) {
  const Config& config = engine.model().config();
  const int row = 9;
  for (int b = 0; b < blocks(); ++b) {
    Job donor{.strands = {{.tokens = other}}}, job{.strands = {{.tokens = ids}}};
    for (const Quantity quantity : {Quantity::q, Quantity::k, Quantity::v, Quantity::z})
      donor.recordings.push_back({0, 0, row + 1, quantity});
    const std::vector<std::vector<float>> taken = engine.run(donor).recordings;
    const auto at = [&](std::size_t quantity, SiteKind kind, int r) {
      const std::size_t width = site_width(config, {kind, b});
      return std::span(taken[quantity]).subspan((static_cast<std::size_t>(b) * (row + 1) + r) * width, width);
    };
    job.interventions.push_back({0, row, {SiteKind::q, b}, at(0, SiteKind::q, row)});
    for (int r = 0; r <= row; ++r) {
      job.interventions.push_back({0, r, {SiteKind::k, b}, at(1, SiteKind::k, r)});
      job.interventions.push_back({0, r, {SiteKind::v, b}, at(2, SiteKind::v, r)});
    }
    job.recordings.push_back({0, row, 1, Quantity::z});
    const std::vector<float> z = engine.run(job).recordings[0];
    const std::span<const float> expected = at(3, SiteKind::z, row);
    expect_near({z.begin() + static_cast<std::ptrdiff_t>(b * expected.size()),
                 z.begin() + static_cast<std::ptrdiff_t>((b + 1) * expected.size())},
                {expected.begin(), expected.end()});
  }
}

TEST_P(Strands, ResidMidIsTheStreamWithWhatAttentionAdds) {
  const std::vector<float> stream = resid(ids, 7), attn_out = recorded(ids, 7, Quantity::attn_out);
  std::vector<float> sum;
  for (std::size_t i = 0; i < attn_out.size(); ++i) sum.push_back(stream[i] + attn_out[i]);
  expect_near(recorded(ids, 7, Quantity::resid_mid), sum);
}

TEST_P(Strands, AnOptionBehindAPatchedContextFollowsThePatch) {
  const int last = static_cast<int>(ids.size()) - 1, b = 1;
  const std::vector<std::int32_t> option = random_ids(5, 3);
  const std::vector<float> donor = resid(other, 16);
  const std::span<const float> value = std::span(donor).subspan((b + 1) * width(), width());

  std::vector<std::int32_t> whole = ids;
  whole.insert(whole.end(), option.begin(), option.end());
  Job full{.strands = {{.tokens = whole}}, .interventions = {{0, last, {SiteKind::resid_post, b}, value}}};
  full.readings.push_back({0, last + 5, Readout::logits, {}});

  Job branched{.strands = {{.tokens = ids}, {.prefix = Prefix{0, last + 1}, .tokens = option}}};
  branched.strands.push_back({.prefix = Prefix{0, last}, .branch = Branch{0, last, 1, b + 1}});
  branched.strands.push_back({.prefix = Prefix{2, 1}, .branch = Branch{1, 0, 5, b + 1}});
  branched.interventions.push_back({2, 0, {SiteKind::resid_post, b}, value});
  branched.readings.push_back({3, 4, Readout::logits, {}});
  expect_near(engine.run(branched).readings[0], engine.run(full).readings[0]);
}

/// Jobs of many lengths, of which some begin alike, and each with a branch that is patched.
std::vector<Job> mixed_jobs(const std::vector<float>& state) {
  const std::vector<std::int32_t> shared = random_ids(24, 99);
  std::vector<Job> jobs;
  for (int j = 0; j < 9; ++j) {
    std::vector<std::int32_t> ids = random_ids(3 + 5 * j, 100 + j);
    if (j % 4 != 0) ids.insert(ids.begin(), shared.begin(), shared.end() - j);
    const int last = static_cast<int>(ids.size()) - 1;
    Job& job = jobs.emplace_back(
        Job{.strands = {{.tokens = ids}, {.prefix = Prefix{0, last}, .branch = Branch{0, last, 1, 2}}}});
    job.interventions.push_back({1, 0, {SiteKind::resid_pre, 2}, state});
    if (j == 6) job.interventions.push_back({0, 2, {SiteKind::resid_pre, 1}, state});  // its beginning is its own then
    for (const int strand : {0, 1})
      job.readings.push_back({strand, strand == 0 ? last : 0, Readout::log_probs, {7, 8}});
    job.recordings.push_back({0, 0, 3, Quantity::resid});
  }
  return jobs;
}

TEST_P(Strands, PackingOrderAndThreadsDoNotChangeResults) {
  const std::vector<float> state(width(), 0.5f);
  const std::vector<Job> jobs = mixed_jobs(state);
  const std::vector<Job> backwards(jobs.rbegin(), jobs.rend());
  std::vector<JobResult> alone;
  for (const Job& job : jobs) alone.push_back(engine.run(job));
  const int all_threads = threads();
  for (const int count : {1, 2, 3}) {
    set_threads(count);
    for (const int batch_rows : {0, 1, 64, 100000}) {
      const Engine packed(engine.model(), {.batch_rows = batch_rows});
      for (const bool reversed : {false, true}) {
        std::size_t next = 0;
        packed.run(reversed ? backwards : jobs, [&](std::size_t j, const JobResult& result) {
          EXPECT_EQ(j, next++) << "results come in order";
          const JobResult& expected = alone[reversed ? jobs.size() - 1 - j : j];
          for (const std::size_t i : {0, 1}) expect_near(result.readings[i], expected.readings[i]);
          expect_near(result.recordings[0], expected.recordings[0]);
        });
        EXPECT_EQ(next, jobs.size());
      }
    }
  }
  set_threads(all_threads);
}

TEST_P(Strands, AnErrorOfOneThreadEndsTheRun) {
  std::vector<Job> jobs(8, Job{.strands = {{.tokens = ids}}});
  jobs[5].readings.push_back({0, 99, Readout::logits, {}});
  const Engine one_job_a_pass(engine.model(), {.batch_rows = 1});
  EXPECT_THROW(one_job_a_pass.run(jobs, [](std::size_t, JobResult) {}), std::logic_error);
}

TEST(SharedRows, EndWhereTokensOrEditsDiffer) {
  const std::vector<std::int32_t> ids = random_ids(40, 5);
  Job first{.strands = {{.tokens = ids}}}, second = first;
  EXPECT_EQ(shared_rows(first, second, 0), 40);
  EXPECT_EQ(rows_to_compute(&first, second), 0);
  second.strands[0].tokens[30] = 1;
  EXPECT_EQ(shared_rows(first, second, 0), 30);
  const std::vector<float> state(8);
  first.interventions.push_back({0, 20, {SiteKind::attn_out, 0}, state});
  EXPECT_EQ(shared_rows(first, second, 0), 20);
  second.interventions.push_back({0, 4, {SiteKind::attn_out, 0}, state});
  EXPECT_EQ(shared_rows(first, second, 0), 0) << "four rows are not worth it";
  EXPECT_EQ(make_layout(std::vector<Job>{first, first}, 2).rows(), 60);
  EXPECT_EQ(make_layout(std::vector<Job>{first, first}, 2, /*share=*/false).rows(), 80);
}

TEST_P(Strands, LogProbabilitiesAreLogSoftmaxOfTheLogits) {
  Job job{.strands = {{.tokens = ids}}};
  job.readings.push_back({0, 4, Readout::logits, {}});
  job.readings.push_back({0, 4, Readout::log_probs, {0, 95}});
  job.readings.push_back({0, 4, Readout::logits, {95, 0, 95}});
  const JobResult result = engine.run(job);
  const std::vector<float>& logits = result.readings[0];
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  expect_near(result.readings[1],
              {static_cast<float>(logits[0] - std::log(sum)), static_cast<float>(logits[95] - std::log(sum))});
  expect_near(result.readings[2], {logits[95], logits[0], logits[95]});
}

TEST_P(Strands, AMalformedJobIsOurBug) {
  const auto rejects = [&](Job job) { EXPECT_THROW(engine.run(job), std::logic_error); };
  const Strand fresh{.tokens = ids};
  const std::vector<float> value(width());
  const std::size_t head_dim = engine.model().config().head_dim;
  rejects({.strands = {{}}});
  rejects({.strands = {fresh, {.prefix = Prefix{1, 2}, .tokens = ids}}});
  rejects({.strands = {fresh, {.prefix = Prefix{0, 100}, .tokens = ids}}});
  rejects({.strands = {fresh, {.prefix = Prefix{0, 3}, .branch = Branch{0, 20, 5, 1}}}});
  rejects({.strands = {fresh}, .interventions = {{0, 99, {SiteKind::resid_post, 0}, value}}});
  rejects({.strands = {fresh}, .interventions = {{0, 0, {SiteKind::resid_post, 3}, value}}});
  rejects({.strands = {fresh}, .interventions = {{0, 0, {SiteKind::resid_post, 0}, std::span(value).first(4)}}});
  rejects({.strands = {fresh}, .interventions = {{0, 0, {SiteKind::z, 0, 99}, std::span(value).first(head_dim)}}});
  // An edit at a block that its strand joins behind could never fire.
  rejects({.strands = {fresh, {.prefix = Prefix{0, 3}, .branch = Branch{0, 3, 2, 2}}},
           .interventions = {{1, 0, {SiteKind::attn_out, 1}, value}}});
}

}  // namespace
}  // namespace tertium
