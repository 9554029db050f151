// Every operation, as strands compute it, against whole forward passes in which a hook does it by its definition.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <list>
#include <numeric>
#include <random>

#include "tertium/engine/engine.h"
#include "tertium/engine/intervene.h"
#include "tertium/engine/layout.h"
#include "tertium/model/config.h"
#include "tests/support/files.h"
#include "tests/support/naive_patch.h"
#include "tests/support/one_thread.h"

namespace tertium {
namespace {

using Ids = std::vector<std::int32_t>;

constexpr float kTolerance = 1e-4f;  // logits of the golden models are of order 1
constexpr int kContext = 18, kOption = 3;

Ids random_ids(int count, unsigned seed) {
  std::mt19937 generator(seed);
  Ids ids(count);
  for (std::int32_t& id : ids) id = static_cast<std::int32_t>(3 + generator() % 90);
  return ids;
}

std::vector<float> random_numbers(std::size_t count, unsigned seed, double scale = 1) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal(0, scale);
  std::vector<float> numbers(count);
  for (float& number : numbers) number = static_cast<float>(normal(generator));
  return numbers;
}

std::vector<int> rows_between(int first, int end) {
  std::vector<int> rows(end - first);
  std::iota(rows.begin(), rows.end(), first);
  return rows;
}

enum class Rows { all, all_but_first, some };
const std::vector<int> kSome = {2, 9, kContext - 1};

/// One run: what is done, at which rows. Rows of the option count on from the context's.
struct Case {
  std::string name;
  std::vector<test::NaiveEdit> naive;
  int block;                                    // at which its strands join
  std::function<void(Job&, int strand)> do_it;  // to one strand
  Rows rows = Rows::all;
};

class NaiveInterventions : public testing::TestWithParam<const char*> {
 protected:
  const Config& config() const { return engine.model().config(); }

  static std::vector<int> rows_of(Rows rows) {
    if (rows == Rows::some) return kSome;
    return rows_between(rows == Rows::all_but_first, kContext + kOption);
  }

  /// Does a change to a strand of the context's rows from 0 on, or of the option's.
  static void intervene(Job& job, int strand, Site site, const Change& change, Rows rows) {
    if (rows != Rows::some)
      return everywhere(job, strand, site, change, rows == Rows::all ? FirstToken::included : FirstToken::left_out);
    if (start_position(job, strand) > 0) return;
    for (const int row : kSome) job.interventions.push_back({strand, row, site, change});
  }

  /// Numbers that must live as long as the cases.
  std::span<const float> kept(std::vector<float> numbers) { return numbers_.emplace_back(std::move(numbers)); }

  Case case_of(Operation operation, Site site, Rows rows, bool renormed = false, int directions = 1) {
    const std::size_t width = site_width(config(), site), hidden_seed = site.block * 31 + static_cast<int>(site.kind);
    const auto seed = static_cast<unsigned>(hidden_seed + 7 * (site.head + 1));
    test::NaiveEdit naive{site, rows_of(rows), {}, operation, 0.7f, renormed};
    std::vector<float> numbers;
    switch (operation) {
      case Operation::zero:
        break;
      case Operation::map:
        numbers = random_numbers(width * width, seed, 1 / std::sqrt(static_cast<double>(width)));
        for (const float bias : random_numbers(width, seed + 1, 0.3)) numbers.push_back(bias);
        break;
      default:
        numbers = random_numbers(width * directions, seed);
    }
    naive.values = numbers;
    if (operation == Operation::project) numbers = orthonormal(numbers, width, "test");
    if (operation == Operation::replace) {
      naive.values.clear();
      for (std::size_t r = 0; r < naive.rows.size(); ++r)
        naive.values.insert(naive.values.end(), numbers.begin(), numbers.end());
    }
    const Change change{kept(numbers), operation, naive.dose, renormed};
    const std::string name = "operation " + std::to_string(static_cast<int>(operation)) +
                             (renormed ? " renormed" : "") + " at " + to_string(site) + ", rows " +
                             std::to_string(static_cast<int>(rows)) + ", " + std::to_string(directions) + " directions";
    return {name,
            {naive},
            canonical(site).block,
            [=](Job& job, int strand) { intervene(job, strand, site, change, rows); },
            rows};
  }

  Case skip(int block, Rows rows) {
    test::NaiveEdit naive{{SiteKind::resid_post, block}, rows_of(rows), {}};
    naive.skips = true;
    const FirstToken first = rows == Rows::all ? FirstToken::included : FirstToken::left_out;
    return {"skip of block " + std::to_string(block),
            {naive},
            block,
            [=](Job& job, int strand) { skip_block(job, strand, block, first); },
            rows};
  }

  static Case both(const Case& a, const Case& b) {
    Case joined = a;
    joined.name += " and then " + b.name;
    joined.naive.push_back(b.naive.front());
    joined.block = std::min(a.block, b.block);
    joined.do_it = [a, b](Job& job, int strand) { a.do_it(job, strand), b.do_it(job, strand); };
    return joined;
  }

  std::vector<Case> cases() {
    std::vector<Case> all;
    for (int b = 0; b < config().block_count(); ++b) {
      for (const SiteInfo& info : site_kinds()) {
        if (!has_site(config(), info.kind)) continue;
        std::vector<Site> sites = {{info.kind, b}};
        if (is_per_head(info.kind)) sites.push_back({info.kind, b, site_heads(config(), info.kind) - 1});
        for (const Site site : sites) {
          for (const Operation operation :
               {Operation::replace, Operation::zero, Operation::add, Operation::project, Operation::map})
            all.push_back(case_of(operation, site, operation == Operation::add ? Rows::some : Rows::all));
          all.push_back(case_of(Operation::add, site, Rows::all_but_first, /*renormed=*/true));
          all.push_back(case_of(Operation::project, site, Rows::some, false, 3));
        }
      }
      all.push_back(skip(b, Rows::all));
      all.push_back(skip(b, Rows::all_but_first));
      const Site here{SiteKind::resid_post, b};
      const Case add = case_of(Operation::add, here, Rows::all), project = case_of(Operation::project, here, Rows::all);
      all.push_back(both(add, project));
      all.push_back(both(project, add));
      all.push_back(both(case_of(Operation::zero, {SiteKind::z, b, 0}, Rows::all),
                         case_of(Operation::add, {SiteKind::z, b}, Rows::all)));
    }
    return all;
  }

  /// Strands that are changed: branches of the clean context and option, whole, at the case's block.
  void add_changed(Job& job, const Case& one) const {
    const auto context = static_cast<int>(job.strands.size());
    job.strands.push_back({.branch = Branch{0, 0, kContext, one.block}});
    job.strands.push_back({.prefix = Prefix{context, kContext}, .branch = Branch{1, 0, kOption, one.block}});
    for (const int strand : {context, context + 1}) one.do_it(job, strand);
    job.readings.push_back({context, kContext - 1, Readout::logits, {}});
    job.readings.push_back({context + 1, kOption - 1, Readout::logits, {}});
  }

  void expect_naive(const Ids& context, const Case& one, const std::vector<float>& of_context,
                    const std::vector<float>& of_option) const {
    Ids whole = context;
    whole.insert(whole.end(), option.begin(), option.end());
    const std::vector<float> naive = test::naive_logits(engine.model(), whole, one.naive);
    const auto expect_row = [&](int row, const std::vector<float>& ours) {
      for (int v = 0; v < config().vocabulary; ++v)
        ASSERT_NEAR(ours[v], naive[row * config().vocabulary + v], kTolerance) << one.name << ", row " << row;
    };
    ASSERT_NO_FATAL_FAILURE(expect_row(kContext - 1, of_context));
    ASSERT_NO_FATAL_FAILURE(expect_row(kContext + kOption - 1, of_option));
  }

  const test::OneThread one_thread;
  const Engine engine{Model::load(test::source_folder() / "tests/fixtures/golden" / GetParam(), "f32")};
  const Ids context = random_ids(kContext, 1), option = random_ids(kOption, 3);

 private:
  std::list<std::vector<float>> numbers_;
};

// Windows, soft caps, norms of q and k, parallel blocks, keys that heads share, experts, ALiBi, learned positions.
INSTANTIATE_TEST_SUITE_P(Families, NaiveInterventions,
                         testing::Values("llama", "gemma2", "gemma3", "gpt_neox", "qwen3_moe", "bloom", "cohere",
                                         "gpt2"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(NaiveInterventions, AreWhatStrandsComputeForEveryOperationAndSite) {
  const std::vector<Case> all = cases();
  Job job{.strands = {{.tokens = context}, {.prefix = Prefix{0, kContext}, .tokens = option}}};
  for (const Case& one : all) add_changed(job, one);
  const JobResult strands = engine.run(job);
  const std::vector<float> clean = test::naive_logits(engine.model(), context);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::vector<float>& ours = strands.readings[2 * i];
    ASSERT_NO_FATAL_FAILURE(expect_naive(context, all[i], ours, strands.readings[2 * i + 1]));
    double moved = 0;
    for (std::size_t v = 0; v < ours.size(); ++v)
      moved = std::max<double>(moved, std::abs(ours[v] - clean[clean.size() - ours.size() + v]));
    EXPECT_GT(moved, kTolerance) << all[i].name << " did nothing";
  }
}

/// Jobs that begin alike share their clean rows, and each is changed as if it were alone: in a branch, or from the
/// first block on in the very strand that would be shared.
TEST_P(NaiveInterventions, OfJobsThatBeginAlikeStayTheirOwn) {
  const int b = config().block_count() / 2;
  const std::vector<Case> kinds = {case_of(Operation::map, {SiteKind::resid_post, b}, Rows::all),
                                   case_of(Operation::map, {SiteKind::resid_post, b}, Rows::all), skip(b, Rows::all),
                                   case_of(Operation::add, {SiteKind::attn_out, b}, Rows::all_but_first, true),
                                   case_of(Operation::zero, {SiteKind::v, b}, Rows::some)};
  std::vector<Ids> contexts;
  std::vector<Job> branched, fresh;
  for (std::size_t j = 0; j < kinds.size(); ++j) {
    contexts.push_back(context);
    contexts.back().back() = static_cast<std::int32_t>(10 + j);
    Job& job = branched.emplace_back();
    job.strands = {{.tokens = contexts[j]}, {.prefix = Prefix{0, kContext}, .tokens = option}};
    fresh.push_back(job);
    add_changed(job, kinds[j]);
    for (const int strand : {0, 1}) kinds[j].do_it(fresh[j], strand);
    fresh[j].readings = {{0, kContext - 1, Readout::logits, {}}, {1, kOption - 1, Readout::logits, {}}};
  }
  EXPECT_LT(rows_to_compute(&branched[0], branched[1]), branched[1].rows());
  for (const std::vector<Job>* jobs : {&branched, &fresh})
    engine.run(*jobs, [&](std::size_t j, const JobResult& result) {
      ASSERT_NO_FATAL_FAILURE(expect_naive(contexts[j], kinds[j], result.readings[0], result.readings[1]));
    });
}

/// Of the numbers themselves, half precision keeps some three digits. Where there are experts, rounding may send a row
/// to another one.
TEST_P(NaiveInterventions, InHalfPrecisionAreNearThoseOfF32) {
  constexpr float kHalf = 0.08f;
  const std::vector<Case> all = cases();
  const auto logits = [&](const Engine& runs) {
    Job job{.strands = {{.tokens = context}, {.prefix = Prefix{0, kContext}, .tokens = option}}};
    for (const Case& one : all) add_changed(job, one);
    return runs.run(job).readings;
  };
  const auto exact = logits(engine);
  for (const char* dtype : {"bf16", "f16"}) {
    const auto half = logits(Engine(Model::load(test::source_folder() / "tests/fixtures/golden" / GetParam(), dtype)));
    std::size_t far = 0;
    for (std::size_t i = 0; i < exact.size(); ++i) {
      double sum = 0, of = 1e-6;  // a stream of zeros gives logits of 0
      for (std::size_t v = 0; v < exact[i].size(); ++v) {
        sum += std::pow(half[i][v] - exact[i][v], 2);
        of += std::pow(exact[i][v], 2);
      }
      const bool is_far = std::sqrt(sum / of) >= kHalf;
      far += is_far;
      EXPECT_TRUE(!is_far || config().experts.count > 0) << dtype << ", " << all[i / 2].name;
    }
    EXPECT_LT(far, exact.size() / 10);
  }
}

}  // namespace
}  // namespace tertium
