#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "tertium/base/error.h"
#include "tertium/base/profile.h"
#include "tertium/base/text.h"
#include "tertium/cli/command.h"
#include "tertium/engine/beginnings.h"
#include "tertium/engine/engine.h"
#include "tertium/formats/model_path.h"
#include "tertium/model/config.h"
#include "tertium/patching/sweep.h"

namespace tertium {
namespace {

struct BenchOptions {
  std::string model;
  std::filesystem::path adapter;
  std::string shape;
  std::string dtype = "bf16";
  int items = 8;
  int tokens = 190;
  int donors = 2;
  int threads = 0;
  Hardware hardware;
  bool json = false;
};

struct KnownShape {
  const char* name;
  int vocabulary, hidden, mlp, blocks, heads, kv_heads, head_dim;
};
constexpr KnownShape kShapes[] = {
    {"llama-2-7b", 32000, 4096, 11008, 32, 32, 32, 128},
    {"llama-3.1-8b", 128256, 4096, 14336, 32, 32, 8, 128},
    {"llama-3.2-1b", 128256, 2048, 8192, 16, 32, 8, 64},
    {"smollm2-135m", 49152, 576, 1536, 30, 9, 3, 64},
};

Config config_of(const std::string& name) {
  std::vector<std::string> known;
  for (const KnownShape& shape : kShapes) {
    known.emplace_back(shape.name);
    if (name != shape.name) continue;
    Config config{.family = "llama",
                  .hidden = shape.hidden,
                  .heads = shape.heads,
                  .kv_heads = shape.kv_heads,
                  .head_dim = shape.head_dim,
                  .mlp = shape.mlp,
                  .vocabulary = shape.vocabulary,
                  .context = 4096};
    config.layers.resize(shape.blocks);
    config.ropes = {Rope{.rotated = shape.head_dim}};
    config.attention_scale = 1 / std::sqrt(shape.head_dim);
    config.stored_dtype = "none";
    return config;
  }
  fail("--shape {}: tertium knows {}", printable(name), join(known));
}

/// Letters prompts of random ids, of `tokens` each.
std::vector<Question> random_questions(const BenchOptions& options, const Config& config, std::uint64_t seed) {
  std::mt19937_64 bits(seed);
  std::vector<Question> questions(options.items);
  for (Question& question : questions) {
    question.name = "a random prompt";
    question.protocol = Protocol::letters;
    for (int t = 0; t < options.tokens; ++t)
      question.context.push_back(static_cast<TokenId>(bits() % config.vocabulary));
    for (int k = 0; k < 4; ++k) question.options.push_back({k});
  }
  return questions;
}

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double peak_gib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / (1 << 20);  // kilobytes
}

/// Scores all questions; where `states` is given, keeps the stream of all layers at the last tokens, and where
/// `beginnings` is, the prompts.
void score(const Engine& engine, const std::vector<Question>& questions, std::vector<Activations>* states,
           Beginnings* beginnings) {
  std::vector<Job> jobs;
  std::vector<Kept> kept;
  for (const Question& question : questions) {
    Job& job = jobs.emplace_back(Job{.name = question.name});
    const AskedStrands asked = ask(job, question, false);
    kept.push_back({{Quantity::resid}, {question.last_row()}});
    if (states) job.recordings = kept.back().recordings(asked.context);
  }
  const auto done = [&](std::size_t i, JobResult result) {
    if (states) states->emplace_back(engine.model().config(), kept[i], result.recordings);
  };
  if (beginnings)
    engine.run(
        std::move(jobs), *beginnings, [](std::size_t) { return true; }, done);
  else
    engine.run(jobs, done);
}

void sweep(const Engine& engine, const std::vector<Question>& questions, const std::vector<Activations>& states,
           int donors, Beginnings& beginnings) {
  const int blocks = engine.model().config().block_count();
  std::vector<Job> jobs;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const int last = questions[i].last_row();
    std::vector<Patch> patches;
    for (int d = 0; d < donors; ++d)
      for (Patch& patch : resid_post_by_block(states[(i + d) % states.size()], last, last, blocks))
        patches.push_back(std::move(patch));
    for (Sweep& sweep : make_sweeps(questions[i], patches, blocks, std::numeric_limits<int>::max()))
      jobs.push_back(std::move(sweep.job));
  }
  engine.run(std::move(jobs), beginnings, {}, [](std::size_t, JobResult) {});
}

void bench(const BenchOptions& options) {
  if (options.model.empty() == options.shape.empty()) fail("name a model or a --shape, one of them");
  set_threads(options.threads);
  const Engine engine(options.shape.empty()
                          ? Model::load(find_model(options.model), options.dtype, options.adapter, options.hardware)
                          : Model::random(config_of(options.shape), options.dtype, options.hardware));
  const Config& config = engine.model().config();
  const std::vector<Question> pivot = random_questions(options, config, 1),
                              other = random_questions(options, config, 2);

  score(engine, {pivot.front()}, nullptr, nullptr);  // what is done once
  Beginnings beginnings;
  std::vector<Activations> states;
  const std::map<std::string, double> before = phase_seconds();
  const double scoring = seconds([&] {
    score(engine, pivot, &states, nullptr);
    score(engine, other, nullptr, &beginnings);
  });
  const std::map<std::string, double> after = phase_seconds();
  const double sweeping = seconds([&] { sweep(engine, other, states, options.donors, beginnings); });

  const double rows = 2.0 * options.items * options.tokens;
  const double attention = static_cast<double>(config.heads + config.kv_heads) * config.head_dim;
  const double products = 2 * rows * config.block_count() * config.hidden * (2 * attention + 3.0 * config.mlp);
  const double rate = products / scoring / 1e9;
  const double roof = product_rate(engine.model(), 2048, config.hidden, config.mlp);
  const std::string name = options.shape.empty() ? options.model : options.shape;
  if (options.json) {
    nlohmann::ordered_json json = {{"model", name},
                                   {"dtype", to_string(engine.model().precision())},
                                   {"threads", threads()},
                                   {"tokens_per_second", rows / scoring},
                                   {"gflops", rate},
                                   {"roofline_gflops", roof},
                                   {"sweep_times_scoring", sweeping / scoring},
                                   {"peak_gib", peak_gib()}};
    for (const auto& [phase, time] : after) json["phases"][phase] = (time - before.at(phase)) / scoring;
    fmt::print("{}\n", json.dump());
    return;
  }
  fmt::print("{} in {}, {} threads, {} prompts of {} tokens in each of two languages\n", name,
             to_string(engine.model().precision()), threads(), options.items, options.tokens);
  fmt::print("scoring    {:.0f} tokens/s; {:.0f} GF/s in products, {:.0f} % of the {:.0f} of a product alone\n",
             rows / scoring, rate, 100 * rate / roof, roof);
  std::vector<std::string> shares;
  for (const auto& [phase, time] : after)
    shares.push_back(fmt::format("{} {:.0f} %", phase, 100 * (time - before.at(phase)) / scoring));
  fmt::print("time       {}\n", join(shares));
  fmt::print("sweep      all {} blocks, {} donors: {:.2f} x scoring\n", config.block_count(), options.donors,
             sweeping / scoring);
  fmt::print("memory     {:.2f} GiB at the peak\n", peak_gib());
}

}  // namespace

void add_bench(CLI::App& app) {
  CLI::App& command = add_command(app, "bench", "Measure scoring and a patch sweep on random prompts",
                                  "tertium bench --shape llama-3.2-1b");
  const auto options = std::make_shared<BenchOptions>();
  command.add_option("model", options->model, kModelHelp);
  command.add_option(
      "--shape", options->shape,
      "Random weights of this shape, made in memory: llama-2-7b, llama-3.1-8b, llama-3.2-1b, smollm2-135m");
  command.add_option("--dtype", options->dtype, "f32, bf16, f16 or auto")->capture_default_str();
  command.add_option("--items", options->items, "Prompts in each language")
      ->capture_default_str()
      ->check(CLI::Range(1, 10000));
  command.add_option("--tokens", options->tokens, "Tokens in a prompt")
      ->capture_default_str()
      ->check(CLI::Range(2, 4096));
  command.add_option("--donors", options->donors, "Donors of the sweep")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  add_adapter_option(command, options->adapter);
  add_threads_option(command, options->threads);
  add_hardware_options(command, options->hardware);
  command.add_flag("--json", options->json, "One JSON object");
  command.callback([options] { bench(*options); });
}

}  // namespace tertium
