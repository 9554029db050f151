#include "tertium/experiment/train.h"

#include <fmt/format.h>

#include <cmath>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/cli/command.h"
#include "tertium/cli/process.h"
#include "tertium/cli/progress_line.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/experiment.h"
#include "tertium/experiment/inputs.h"
#include "tertium/formats/model_path.h"
#include "tertium/model/checkpoint.h"

namespace tertium {
namespace {

struct TrainOptions : ExperimentOptions {
  std::string out;
};

void say_what_trains(const PreparedTraining& training, const Model& model) {
  std::vector<std::string> pairs;
  for (const LanguagePairs& language : training.data.languages)
    pairs.push_back(
        fmt::format("{} {} ({} held out)", language.language, language.pairs.size(), language.held_out.size()));
  const TrainingSize size = size_of_training(model, training.spec, training.data);
  fmt::print("pairs: {}\n", join(pairs));
  if (training.data.texts.empty())
    fmt::print("no task's loss: alignment alone\n");
  else
    fmt::print("texts of the task: {} ({} held out)\n", training.data.texts.size(),
               training.data.held_out_texts.size());
  fmt::print("adapter: rank {}, {:.2f} M weights; a step takes about {:.2f} GiB beside the model\n", training.spec.rank,
             static_cast<double>(size.parameters) / 1e6, size.bytes / (1 << 30));
  std::fflush(stdout);
}

void print_results(const std::vector<TrainedAdapter>& trained, const TrainOptions& options) {
  fmt::print("\n{:<16}{:>7}{:>12}{:>12}\n", "", "steps", "task", "alignment");
  const auto number = [](double value) { return std::isnan(value) ? std::string("–") : fmt::format("{:.4f}", value); };
  for (const TrainedAdapter& one : trained)
    fmt::print("{:<16}{:>7}{:>12}{:>12}{}\n", to_string(one.method), one.outcome.steps, number(one.last.task),
               number(one.last.alignment), one.outcome.early ? "  ended early" : "");
  fmt::print(
      "\nLosses are those of the parts that were held out. What it did to the answers:\n  tertium measure {} "
      "--adapters {}\n",
      options.experiment, options.out);
}

void train(const TrainOptions& options) {
  const Experiment experiment = read_experiment(options.experiment, options.settings);
  set_threads(options.threads);
  stop_on_signals();
  if (!experiment.adapter.empty())
    fail(
        "{}: names an adapter already, and what is trained on top of it would need both; leave \"adapter\" out, or "
        "train "
        "a merged model",
        options.experiment);
  const std::filesystem::path path = find_model(experiment.model.string());
  const Tokenizer tokenizer = Tokenizer::open(path);
  give_back_freed_memory();
  const auto [config, model_files] = config_and_files(path);
  PreparedTraining training = prepare_training(experiment, tokenizer, config);
  std::vector<Input> inputs = inputs_of(model_files, tokenizer.files(), {}, {});
  for (const std::filesystem::path& file : training.files)
    inputs.push_back({"train " + file.filename().string(), file});
  const InputHashes hashes = hashes_of(inputs);
  // Gradients pass through plain weights, whatever the experiment's dtype and kernels.
  const Model model = Model::load(path, training.spec.dtype, {}, {.device = "cpu", .kernels = "aten"});
  demand_unchanged(model_files);  // what was loaded is what was hashed
  say_what_trains(training, model);

  std::vector<TrainedAdapter> trained;
  {
    ProgressLine line;
    const TrainingReport report{.progress =
                                    [&](std::string_view stage, std::size_t done, std::size_t total) {
                                      if (!options.quiet) line(stage, done, total);
                                    },
                                .say =
                                    [&](const std::string& what) {
                                      if (!options.quiet) line.say(what);
                                    },
                                .stop = [] { return stopping_signal() != 0; }};
    trained = run_training(experiment, training, model, hashes, options.out, report);
  }
  model.demand_unchanged();
  if (trained.back().outcome.stopped) {
    write_error("stopped; the checkpoint is written, and the same command goes on\n");
    throw Exit{128 + stopping_signal()};  // as a shell counts
  }
  print_results(trained, options);
}

}  // namespace

void add_train(CLI::App& app) {
  CLI::App& command = add_command(app, "train", "Train a LoRA adapter that aligns languages, and its baselines",
                                  "tertium train examples/train.toml --out adapters");
  const auto options = std::make_shared<TrainOptions>();
  add_experiment_options(command, *options);
  command.add_option("--out", options->out, "The folder for the adapters, one a method; made if absent")->required();
  command.callback([options] { train(*options); });
}

}  // namespace tertium
