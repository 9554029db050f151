// The C++ side of the benchmarks: obeys commands from stdin, one JSON object a line, and answers each with a line of
// JSON. bench.py runs it in turn with peer.py, which knows the same commands. Times are of the work alone.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>

#include "tertium/base/error.h"
#include "tertium/base/profile.h"
#include "tertium/cli/process.h"
#include "tertium/engine/engine.h"
#include "tertium/engine/greedy.h"
#include "tertium/engine/readout.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/scoring.h"
#include "tertium/model/checkpoint.h"
#include "tertium/model/weights.h"
#include "tertium/patching/sweep.h"

namespace tertium {
namespace {

using Json = nlohmann::json;

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The peak of resident memory counts anew from here.
void forget_peak() { std::ofstream("/proc/self/clear_refs") << 5; }

double peak_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024;
  return 0;
}

/// The first `count` items of a language.
PreparedLanguage first(const PreparedLanguage& all, std::size_t count) {
  PreparedLanguage some{.language = all.language};
  some.items.assign(all.items.begin(), all.items.begin() + static_cast<std::ptrdiff_t>(count));
  some.questions.assign(all.questions.begin(), all.questions.begin() + static_cast<std::ptrdiff_t>(count));
  return some;
}

/// Whose activations go into item i: its own, then those of the next with the same gold, in a circle of `items`.
std::vector<std::size_t> donors_of(std::span<const Item> items, std::size_t i, std::size_t count) {
  std::vector<std::size_t> donors = {i}, others;
  for (const bool same_gold : {true, false})  // few items may not hold enough of the same gold; then any other will do
    for (std::size_t step = 1; step < items.size(); ++step)
      if (const std::size_t k = (i + step) % items.size(); (items[k].gold == items[i].gold) == same_gold)
        others.push_back(k);
  if (others.empty()) others = {i};
  for (std::size_t d = 1; d < count; ++d) donors.push_back(others[(d - 1) % others.size()]);
  return donors;
}

/// Scores by [item][donor][block][option].
using Scores = std::vector<std::vector<std::vector<std::vector<double>>>>;

class Worker {
 public:
  Json obey(const Json& command) {
    const std::string what = command.at("do");
    static const std::map<std::string, Json (Worker::*)(const Json&)> known = {
        {"model", &Worker::model},      {"task", &Worker::task},     {"random", &Worker::random},
        {"score", &Worker::score},      {"states", &Worker::states}, {"both", &Worker::both},
        {"sweep", &Worker::sweep},      {"naive", &Worker::naive},   {"generate", &Worker::generate},
        {"roofline", &Worker::roofline}};
    const auto found = known.find(what);
    if (found == known.end()) fail("no command \"{}\"; see worker.cc for those there are", what);
    forget_peak();
    Json answer = (this->*found->second)(command);
    if (!answer.contains("peak_mib")) answer["peak_mib"] = peak_mib();
    return answer;
  }

 private:
  const Config& config() const { return engine_->model().config(); }
  std::size_t width() const { return static_cast<std::size_t>(config().hidden); }

  Json model(const Json& command) {
    path_ = command.at("path").get<std::string>();
    set_threads(command.value("threads", 0));
    const double time = seconds([&] { engine_.emplace(Model::load(path_, command.at("dtype").get<std::string>())); });
    give_back_freed_memory();
    return {{"seconds", time},
            {"dtype", to_string(engine_->model().precision())},
            {"blocks", config().block_count()},
            {"weights_mib", weight_bytes() / (1 << 20)},
            {"threads", threads()}};
  }

  /// Of the tensors in memory or mapped; experts are not benchmarked.
  double weight_bytes() const {
    const Weights& weights = engine_->model().weights();
    const double each = scalar_type(engine_->model().precision()) == at::kFloat ? 4 : 2;
    double bytes = each * static_cast<double>((config().tied ? 1 : 2) * weights.embedding.out * weights.embedding.in);
    for (const auto& [out, in] : linears()) bytes += each * static_cast<double>(out * in);
    return bytes;
  }

  /// The shapes of all blocks' matrices, [out, in] each, as they are multiplied: q, k and v together, gate and up too.
  std::vector<std::pair<std::int64_t, std::int64_t>> linears() const {
    const std::int64_t hidden = config().hidden, queries = config().heads * config().head_dim;
    std::vector<std::pair<std::int64_t, std::int64_t>> all;
    for (const BlockWeights& w : engine_->model().weights().blocks) {
      for (const Stack* stack : {&w.qkv, &w.mlp.inner})
        for (const Linear& each : *stack) all.emplace_back(each.weight.out, hidden);
      all.emplace_back(hidden, queries);
      all.emplace_back(hidden, config().mlp);
    }
    return all;
  }

  Json task(const Json& command) {
    const Experiment experiment{.model = path_,
                                .pivot = command.at("pivot"),
                                .tasks = {{.name = command.at("name"),
                                           .data = command.at("data").get<std::string>(),
                                           .languages = {command.at("other").get<std::string>()},
                                           .protocol = protocol_named(command.at("protocol").get<std::string>()),
                                           .choice = {.limit = command.at("items").get<std::size_t>()}}}};
    PreparedTask prepared = prepare(experiment, Tokenizer::open(path_), config()).front();
    give_back_freed_memory();
    languages_ = {std::move(prepared.pivot), std::move(prepared.others[0])};
    return asked();
  }

  /// Items of one length, of random ids.
  Json random(const Json& command) {
    std::mt19937 rng(command.value("seed", 1));
    std::uniform_int_distribution<TokenId> id(10, config().vocabulary - 1);
    languages_ = {{.language = "a"}, {.language = "b"}};
    for (PreparedLanguage& language : languages_) {
      for (std::size_t i = 0; i < command.at("items"); ++i) {
        Question question{.name = "random", .protocol = Protocol::letters, .options = {{5}, {6}, {7}, {8}}};
        question.context.resize(command.at("length"));
        for (TokenId& token : question.context) token = id(rng);
        question.positions["last"] = {question.last_row()};
        language.questions.push_back(std::move(question));
        language.items.push_back({.gold = i % 4});
      }
    }
    return asked();
  }

  /// What is asked, in token ids, so that peers compute the very same.
  Json asked() const {
    Json all = Json::array();
    for (const PreparedLanguage& language : languages_) {
      Json questions = Json::array();
      for (const Question& question : language.questions)
        questions.push_back({{"context", question.context}, {"options", question.options}});
      all.push_back(questions);
    }
    return {{"questions", all}};
  }

  Json score(const Json&) {
    Json scores = Json::array();
    double time = 0;
    const std::map<std::string, double> before = phase_seconds();
    for (const PreparedLanguage& language : languages_) {
      std::vector<ItemRun> runs;
      time += seconds([&] { runs = run_items(*engine_, language, {}); });
      Json of_items = Json::array();
      for (const ItemRun& run : runs) of_items.push_back(run.scores);
      scores.push_back(of_items);
    }
    return {{"seconds", time}, {"scores", scores}, {"phases", phases_since(before)}};
  }

  /// The states of the prompts' last tokens; given back are those of one item: index 0 to L - 1, and behind the final
  /// norm, as transformers lists them.
  Json states(const Json&) {
    std::vector<ItemRun> runs;
    const double time = seconds([&] {
      for (const PreparedLanguage& language : languages_)
        runs = run_items(*engine_, language, {{Quantity::resid, Quantity::final_norm}, {"last"}});
    });
    Json states = Json::array();
    for (int index = 0; index <= config().block_count(); ++index) {
      const bool behind_norm = index == config().block_count();
      states.push_back(runs[0].activations.of(behind_norm ? Quantity::final_norm : Quantity::resid,
                                              behind_norm ? 0 : index, languages_.back().questions[0].last_row()));
    }
    return {{"seconds", time}, {"states", states}};
  }

  /// Scores, and the states of the prompts' last tokens, of the same runs.
  Json both(const Json&) {
    Json scores = Json::array();
    const double time = seconds([&] {
      for (const PreparedLanguage& language : languages_) {
        Json of_items = Json::array();
        for (const ItemRun& run : run_items(*engine_, language, {{Quantity::resid, Quantity::final_norm}, {"last"}}))
          of_items.push_back(run.scores);
        scores.push_back(of_items);
      }
    });
    return {{"seconds", time}, {"scores", scores}};
  }

  /// Goes on with the prompts of the other language, all together.
  Json generate(const Json& command) {
    std::vector<ContinuedJob> jobs;
    for (const Question& question : languages_[1].questions)
      jobs.push_back({.job = {.name = question.name, .strands = {{.tokens = question.context}}},
                      .continuations = {{.most = command.at("tokens"), .everywhere = {}, .ends = {}}}});
    std::vector<ContinuedResult> results;
    const double time = seconds([&] { results = continue_greedily(*engine_, jobs); });
    Json texts = Json::array();
    for (const ContinuedResult& result : results) texts.push_back(result.texts.front().tokens);
    return {{"seconds", time}, {"texts", texts}};
  }

  /// The rows of a job, times the blocks that they pass.
  double rows_in_blocks(const Job& job) const {
    double rows = 0;
    for (const Strand& strand : job.strands)
      rows += static_cast<double>(strand.rows()) * (config().block_count() - strand.first_block());
    return rows;
  }

  Json phases_since(const std::map<std::string, double>& before) const {
    Json phases;
    for (const auto& [phase, until] : phase_seconds()) phases[phase] = until - before.at(phase);
    return phases;
  }

  /// A whole sweep, from prompts to scores: the pivot's states, then every patched run of the first `items` items.
  Json sweep(const Json& command) {
    const std::size_t count = command.value("items", languages_[0].items.size());
    Scores scores(count);
    double in_blocks = 0;
    const std::int64_t through_head = rows_through_head();
    const std::map<std::string, double> before = phase_seconds();
    const double time = seconds([&] {
      const std::vector<ItemRun> pivot =
          run_items(*engine_, first(languages_[0], count), {{Quantity::resid}, {"last"}});
      std::vector<Sweep> sweeps;
      std::vector<Job> jobs;
      for (std::size_t i = 0; i < count; ++i) {
        sweeps.push_back(std::move(make_sweeps(languages_[1].questions[i], patches(pivot, i, command.at("donors")),
                                               config().block_count(), std::numeric_limits<int>::max())
                                       .front()));
        jobs.push_back(std::move(sweeps.back().job));
        in_blocks += rows_in_blocks(jobs.back());
      }
      engine_->run(jobs, [&](std::size_t i, const JobResult& result) {
        for (std::size_t p = 0; p < sweeps[i].asked.size(); ++p) {
          if (p % config().block_count() == 0) scores[i].emplace_back();  // another donor
          scores[i].back().push_back(option_scores(languages_[1].questions[i], sweeps[i].asked[p], result));
        }
      });
    });
    const Json rows = {{"head", rows_through_head() - through_head}, {"blocks", in_blocks}};
    return with_donors({{"seconds", time}, {"scores", scores}, {"phases", phases_since(before)}, {"rows", rows}}, count,
                       command.at("donors"));
  }

  /// The same as scripts do it: for every item, donor and block a full forward, edited in place.
  Json naive(const Json& command) {
    const std::size_t count = command.value("items", languages_[0].items.size());
    Scores scores(count);
    const double time = seconds([&] {
      const std::vector<ItemRun> pivot =
          run_items(*engine_, first(languages_[0], count), {{Quantity::resid}, {"last"}});
      for (std::size_t i = 0; i < count; ++i) {
        const Question& question = languages_[1].questions[i];
        for (const Patch& patch : patches(pivot, i, command.at("donors"))) {
          const auto& [row, site, value] = patch.values.front();
          if (site.block == 0) scores[i].emplace_back();  // another donor
          Job job{.name = question.name};
          const AskedStrands asked = ask(job, question, false);
          job.interventions.push_back({asked.context, row, site, value});
          scores[i].back().push_back(option_scores(question, asked, engine_->run(job)));
        }
      }
    });
    return with_donors({{"seconds", time}, {"scores", scores}}, count, command.at("donors"));
  }

  /// Each donor's last state into the other language's item i, block by block.
  std::vector<Patch> patches(const std::vector<ItemRun>& pivot, std::size_t i, std::size_t donors) const {
    std::vector<Patch> all;
    for (const std::size_t k : donors_of(std::span(languages_[0].items).first(pivot.size()), i, donors))
      for (Patch& patch : resid_post_by_block(pivot[k].activations, languages_[0].questions[k].last_row(),
                                              languages_[1].questions[i].last_row(), config().block_count()))
        all.push_back(std::move(patch));
    return all;
  }

  Json with_donors(Json answer, std::size_t count, std::size_t donors) const {
    answer["peak_mib"] = peak_mib();
    for (std::size_t i = 0; i < count; ++i)
      answer["donors"].push_back(donors_of(std::span(languages_[0].items).first(count), i, donors));
    return answer;
  }

  /// What a product alone reaches at each shape of the model's matrices and `rows` rows, in this model's dtype, the
  /// faster of at::linear and tertium's own; and all of the blocks together: operations a row, and the rate of passing
  /// rows through all of them one after another.
  Json roofline(const Json& command) {
    const int rows = command.at("rows");
    std::map<std::pair<std::int64_t, std::int64_t>, double> time_of;  // by [out, in]; of one product
    Json shapes = Json::array();
    double operations = 0, time = 0;  // of all blocks
    for (const auto& [out, in] : linears()) {
      const auto [found, fresh] = time_of.try_emplace({out, in});
      const double work = 2.0 * rows * static_cast<double>(out * in);
      if (fresh) {
        const double rate = product_rate(engine_->model(), rows, static_cast<int>(in), static_cast<int>(out));
        found->second = work / rate / 1e9;
        shapes.push_back({{"out", out}, {"in", in}, {"gflops", rate}});
      }
      operations += work;
      time += found->second;
    }
    constexpr int kHeadRows = 128, kWords = 16384;  // of a part of the head, as log-probabilities read it
    return {{"seconds", time},
            {"gflops", operations / time / 1e9},
            {"operations_a_row", operations / rows},
            {"head",
             {{"rows", kHeadRows},
              {"in", config().hidden},
              {"out", kWords},
              {"gflops", product_rate(engine_->model(), kHeadRows, config().hidden, kWords)},
              {"operations_a_row", 2.0 * config().hidden * config().vocabulary}}},
            {"shapes", shapes}};
  }

  std::filesystem::path path_;
  std::optional<Engine> engine_;
  std::vector<PreparedLanguage> languages_;  // the pivot, and the other
};

void serve() {
  Worker worker;
  for (std::string line; std::getline(std::cin, line);) {
    Json answer;
    try {
      answer = worker.obey(Json::parse(line));
    } catch (const std::exception& error) {
      answer = {{"error", error.what()}};
    }
    std::cout << answer.dump() << std::endl;
  }
}

}  // namespace
}  // namespace tertium

int main(int, char** argv) {
  tertium::wait_passively(argv);
  tertium::keep_freed_memory();
  tertium::serve();
}
