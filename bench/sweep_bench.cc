// What a patch sweep costs beside scoring, and beside a full forward for every block: the work of one-off scripts.
// First proves that both ways compute the same, then times them in turn, in one run, next to the rate that a plain
// matrix product reaches here.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>

#include "tertium/base/error.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/scoring.h"
#include "tertium/model/checkpoint.h"
#include "tertium/patching/sweep.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kItems = 48;
constexpr std::size_t kNaiveItems = 4;  // the naive way is slow; its time is scaled to kItems
constexpr int kRounds = 3;              // each side, in turn; the fastest counts
constexpr double kAgreement = 1e-3;     // of a score, in f32

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void no_progress(std::size_t) {}

/// The items in both languages, asked, with the donors' states: main and the next item.
struct Bench {
  const Engine& engine;
  const PreparedTask& task;
  std::vector<ItemRun> pivot;

  int blocks() const { return engine.model().config().block_count(); }
  int width() const { return engine.model().config().hidden; }
  std::size_t items() const { return task.pivot.items.size(); }

  void score() const {
    run_items(engine, task.pivot, {}, no_progress);
    run_items(engine, task.others[0], {}, no_progress);
  }

  std::vector<DonorRun> donors(std::size_t item, int count) const {
    std::vector<DonorRun> donors;
    for (int d = 0; d < count; ++d) donors.push_back({"main", d, "", pivot[(item + d) % items()].answering.resid});
    return donors;
  }

  /// Scores by [item][donor][block][option].
  using Scores = std::vector<std::vector<std::vector<std::vector<double>>>>;

  Scores sweep(std::size_t count, int donor_count) const {
    std::vector<std::vector<DonorRun>> all_donors;
    std::vector<Sweep> sweeps;
    std::vector<Job> jobs;
    for (std::size_t i = 0; i < count; ++i) {
      all_donors.push_back(donors(i, donor_count));
      sweeps.push_back(make_sweep(task.others[0].questions[i], all_donors.back(), blocks(), width()));
      jobs.push_back(std::move(sweeps.back().job));
    }
    Scores scores(count);
    engine.run(jobs, [&](std::size_t i, const JobResult& result) {
      for (const std::vector<AskedStrands>& donor : sweeps[i].asked) {
        std::vector<std::vector<double>>& of_blocks = scores[i].emplace_back();
        for (const AskedStrands& asked : donor)
          of_blocks.push_back(option_scores(task.others[0].questions[i], asked, result));
      }
    });
    return scores;
  }

  /// A full forward for every item, donor and block, edited in place.
  Scores naive_sweep(std::size_t count, int donor_count) const {
    Scores scores(count);
    for (std::size_t i = 0; i < count; ++i) {
      const Question& question = task.others[0].questions[i];
      for (const DonorRun& donor : donors(i, donor_count)) {
        std::vector<std::vector<double>>& of_blocks = scores[i].emplace_back();
        for (int b = 0; b < blocks(); ++b) {
          Job job{.name = question.name};
          const AskedStrands asked = ask(job, question, false);
          job.edits.push_back({asked.context,
                               question.last_row(),
                               {SiteKind::resid_post, b},
                               donor.resid.subspan(static_cast<std::size_t>(b + 1) * width(), width())});
          of_blocks.push_back(option_scores(question, asked, engine.run(job)));
        }
      }
    }
    return scores;
  }
};

double largest_difference(const Bench::Scores& a, const Bench::Scores& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t d = 0; d < a[i].size(); ++d)
      for (std::size_t block = 0; block < a[i][d].size(); ++block)
        for (std::size_t k = 0; k < a[i][d][block].size(); ++k)
          largest = std::max(largest, std::abs(a[i][d][block][k] - b[i][d][block][k]));
  return largest;
}

/// GF/s of at::linear at the MLP's shape and 2,048 rows: what this machine gives just now.
double roofline(const Config& config, Precision precision) {
  const at::ScalarType type = precision == Precision::f32    ? at::kFloat
                              : precision == Precision::bf16 ? at::kBFloat16
                                                             : at::kHalf;
  const at::Tensor weight = at::randn({config.mlp, config.hidden}).to(type),
                   rows = at::randn({2048, config.hidden}).to(type);
  constexpr int kRepeats = 20;
  at::linear(rows, weight);
  const double time = seconds([&] {
    for (int i = 0; i < kRepeats; ++i) at::linear(rows, weight);
  });
  return 2.0 * 2048 * config.mlp * config.hidden * kRepeats / time / 1e9;
}

void run(const fs::path& model_path, const std::string& protocol) {
  const Experiment experiment{.model = model_path,
                              .tasks = {{.name = "xcopa",
                                         .data = fs::path(TERTIUM_SOURCE_DIR) / "data/demo",
                                         .languages = {"de"},
                                         .protocol = protocol_named(protocol),
                                         .limit = kItems}}};
  const Tokenizer tokenizer = Tokenizer::open(model_path);
  const Config config = Checkpoint(model_path).config();
  const std::vector<PreparedTask> tasks = prepare(experiment, tokenizer, config);
  const auto bench_of = [&](const Engine& engine) {
    return Bench{engine, tasks[0], run_items(engine, tasks[0].pivot, {.answering = true}, no_progress)};
  };
  {
    const Engine exact(Model::load(model_path, "f32"));
    const Bench bench = bench_of(exact);
    const double difference = largest_difference(bench.sweep(kNaiveItems, 2), bench.naive_sweep(kNaiveItems, 2));
    fmt::print("{}: both ways agree in f32, largest difference of a patched score {:.2g}\n", protocol, difference);
    if (!(difference <= kAgreement)) fail("the two ways disagree; nothing is timed");
  }
  const Engine engine(Model::load(model_path, "auto"));
  const Bench bench = bench_of(engine);
  fmt::print("{}, {} threads, {} items in en and de, {} blocks\n", to_string(engine.model().precision()), threads(),
             bench.items(), bench.blocks());

  double scoring = INFINITY, one = INFINITY, two = INFINITY, naive = INFINITY, rate = 0;
  for (int round = 0; round < kRounds; ++round) {
    rate = std::max(rate, roofline(engine.model().config(), engine.model().precision()));
    scoring = std::min(scoring, seconds([&] { bench.score(); }));
    one = std::min(one, seconds([&] { bench.sweep(bench.items(), 1); }));
    two = std::min(two, seconds([&] { bench.sweep(bench.items(), 2); }));
    naive = std::min(
        naive, seconds([&] { bench.naive_sweep(kNaiveItems, 2); }) * static_cast<double>(bench.items()) / kNaiveItems);
  }
  fmt::print("{:<48}{:>10} {:>12}\n", "", "ms/item", "x scoring");
  const auto line = [&](const char* what, double time) {
    fmt::print("{:<48}{:>10.1f} {:>12.2f}\n", what, 1000 * time / static_cast<double>(bench.items()), time / scoring);
  };
  line("scoring, both languages", scoring);
  line("sweep, all blocks, main", one);
  line("sweep, all blocks, main + one control", two);
  line("the same with a full forward for each block", naive);
  fmt::print("sweep against full forwards: {:.1f} x; at::linear reaches {:.0f} GF/s here\n\n", naive / two, rate);
}

}  // namespace
}  // namespace tertium

int main(int argc, char** argv) {
  const std::filesystem::path demo =
      std::filesystem::path(TERTIUM_SOURCE_DIR) / ".deps/models/gemma3-270m/gemma3-270m-q4_k_m.gguf";
  try {
    for (const char* protocol : {"letters", "loglik"})
      tertium::run(argc > 1 ? std::filesystem::path(argv[1]) : demo, protocol);
  } catch (const tertium::Error& error) {
    fmt::print(stderr, "Error: {}\n", error.what());
    return 1;
  }
}
