#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tertium/base/error.h"
#include "tertium/cli/command.h"
#include "tertium/cli/process.h"
#include "tertium/cli/progress_line.h"
#include "tertium/cli/wrapped.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/inputs.h"
#include "tertium/experiment/plan.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/translation.h"
#include "tertium/formats/model_path.h"
#include "tertium/model/checkpoint.h"
#include "tertium/patching/direction.h"
#include "tertium/store/store.h"

namespace tertium {
namespace {

struct PlanOptions : ExperimentOptions {
  std::string results;
  bool json = false;
};

double seconds(const PatchPlan& plan, const PatchCost& cost) {
  return plan.operations_per_second > 0 ? cost.operations / plan.operations_per_second : 0;
}

PatchCost total(const PatchPlan& plan) {
  PatchCost sum{.control = "all"};
  const auto add = [&](const PatchCost& cost) {
    sum.runs += cost.runs;
    sum.strands += cost.strands;
    sum.rows += cost.rows;
    sum.operations += cost.operations;
  };
  for (const LineupPlan& lineup : plan.lineups) {
    add(lineup.clean);
    add(lineup.givers);
    for (const PatchCost& cost : lineup.controls) add(cost);
  }
  return sum;
}

void print_cost(const PatchPlan& plan, const std::string& name, const PatchCost& cost) {
  fmt::print("    {:<14}{:>10}{:>10}{:>12}{:>10.1f}\n", name, cost.runs, cost.strands, cost.rows, seconds(plan, cost));
}

void print_lineup(const PatchPlan& plan, const LineupPlan& lineup) {
  fmt::print("\n{}, {}, {}, {}: {} of {} items\n", lineup.task, lineup.protocol, lineup.language,
             lineup.direction->name, lineup.items, lineup.pool);
  fmt::print("    {:<14}{:>10}{:>10}{:>12}{:>10}\n", "", "runs", "strands", "rows", "seconds");
  print_cost(plan, "(clean)", lineup.clean);
  if (lineup.givers.runs > 0) print_cost(plan, "(donors)", lineup.givers);
  for (const PatchCost& cost : lineup.controls) print_cost(plan, cost.control, cost);
  const auto note = [](const std::string& text) { fmt::print("{}\n", wrapped("    note: " + text, 10)); };
  for (const auto& [position, count] : lineup.lacking)
    note(fmt::format("{} items are not patched at {}, which they or their counterparts lack", count, position));
  for (const auto& [control, count] : lineup.short_of_donors)
    note(fmt::format("{} finds fewer donors than it should for {} items: too few others fit", control, count));
}

void print_text(const PatchPlan& plan, bool has_scored) {
  constexpr double kMebi = 1 << 20;
  fmt::print("{}\n", has_scored ? "Scored first: which items are patched depends on their answers."
                                : "Which items are patched is taken from the results.");
  for (const LineupPlan& lineup : plan.lineups) print_lineup(plan, lineup);
  const PatchCost all = total(plan);
  fmt::print("\n{}\n", wrapped(fmt::format("In all {} patched and clean runs, {} rows, about {:.0f} s at the rate "
                                           "measured now; scoring comes on top",
                                           all.runs, all.rows, seconds(plan, all))));
  fmt::print("{}\n",
             wrapped(fmt::format(
                 "Memory: up to {:.1f} MiB of activations, besides the model and what a pass takes. Disk, until "
                 "the run ends: {:.1f} MiB of states that alignment compares, {:.1f} MiB of activations that "
                 "patches take",
                 static_cast<double>(plan.kept_bytes) / kMebi, plan.scratch.states / kMebi,
                 plan.scratch.activations / kMebi)));
}

nlohmann::ordered_json as_json(const PatchPlan& plan, const PatchCost& cost) {
  return {{"control", cost.control},
          {"runs", cost.runs},
          {"strands", cost.strands},
          {"rows", cost.rows},
          {"seconds", seconds(plan, cost)}};
}

/// What the ablations of an item take; null without any.
nlohmann::ordered_json ablation_json(const Experiment& experiment, const Config& config) {
  if (!experiment.ablate) return nullptr;
  return {{"places", ablations_of(*experiment.ablate, config).size()},
          {"runs", forwards_of(*experiment.ablate, config)}};
}

nlohmann::ordered_json as_json(const std::vector<TranslationPlan>& plans) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const TranslationPlan& plan : plans)
    json.push_back({{"target", plan.target},
                    {"languages", plan.languages},
                    {"sentences", plan.sentences},
                    {"together", plan.together},
                    {"session_bytes", plan.session_bytes},
                    {"patched_runs", plan.patched_runs},
                    {"patched_texts", plan.patched_texts}});
  return json;
}

void print_json(const PatchPlan& plan, const nlohmann::ordered_json& ablation,
                const std::vector<TranslationPlan>& translations) {
  nlohmann::ordered_json json = {{"seconds", seconds(plan, total(plan))},
                                 {"kept_bytes", plan.kept_bytes},
                                 {"scratch_bytes", plan.scratch.states + plan.scratch.activations}};
  for (const LineupPlan& lineup : plan.lineups) {
    nlohmann::ordered_json one = {{"task", lineup.task},
                                  {"protocol", lineup.protocol},
                                  {"language", lineup.language},
                                  {"direction", lineup.direction->name},
                                  {"pool", lineup.pool},
                                  {"items", lineup.items},
                                  {"clean_rows", lineup.clean.rows},
                                  {"donor_rows", lineup.givers.rows},
                                  {"lacking", lineup.lacking},
                                  {"short_of_donors", lineup.short_of_donors}};
    for (const PatchCost& cost : lineup.controls) one["controls"].push_back(as_json(plan, cost));
    json["lineups"].push_back(one);
  }
  json["ablation"] = ablation;
  json["translations"] = as_json(translations);
  fmt::print("{}\n", json.dump());
}

void print_translations(const std::vector<TranslationPlan>& plans) {
  constexpr double kMebi = 1 << 20;
  for (const TranslationPlan& plan : plans)
    fmt::print("{}\n",
               wrapped(fmt::format("Translation into {}: {} sentences from {} languages; {} patched runs, of "
                                   "which {} have texts. Up to {} texts at once, whose session keeps {:.1f} "
                                   "MiB of keys and values",
                                   plan.target, plan.sentences, plan.languages, plan.patched_runs, plan.patched_texts,
                                   plan.together, static_cast<double>(plan.session_bytes) / kMebi)));
}

void plan(const PlanOptions& options) {
  const Experiment experiment = read_experiment(options.experiment, options.settings);
  set_threads(options.threads);
  std::optional<Store> results;
  if (!options.results.empty()) results = Store::open(options.results);
  const std::filesystem::path model = find_model(experiment.model.string()), adapter = experiment.found_adapter();
  const Tokenizer tokenizer = Tokenizer::open(model);
  give_back_freed_memory();
  const auto [config, model_files] = config_and_files(model, adapter);
  const std::vector<PreparedTask> tasks = prepare(experiment, tokenizer, config);
  if (results)
    demand_same_inputs(results->info(), hashes_of(inputs_of(model_files, tokenizer.files(), tasks, {})),
                       options.results);
  const std::vector<PreparedTranslation> translations =
      prepare_translations(experiment, tokenizer, {config.context, config.vocabulary});
  demand_patchable(experiment, translations, config);
  const Engine engine(Model::load(model, experiment.dtype, adapter, options.hardware));
  const std::vector<TranslationPlan> translation = plan_translations(experiment, translations, engine);
  if (!options.json) print_translations(translation);
  if (tasks.empty() && !translation.empty()) {
    if (options.json) fmt::print("{}\n", nlohmann::ordered_json{{"translations", as_json(translation)}}.dump());
    return;
  }
  if (experiment.ablate && !options.json)
    fmt::print("Ablation: {} places, {:.1f} runs of every item{}\n", ablations_of(*experiment.ablate, config).size(),
               forwards_of(*experiment.ablate, config),
               experiment.metrics.empty() ? "" : ", and of the pivot's beside each language");
  if (experiment.ablate && !experiment.patch) {
    if (options.json)
      fmt::print("{}\n", nlohmann::ordered_json{{"ablation", ablation_json(experiment, config)}}.dump());
    return;
  }
  PatchPlan plan;
  {
    ProgressLine line;
    plan = plan_patches(experiment, tasks, engine, results ? &*results : nullptr,
                        [&](std::string_view stage, std::size_t done, std::size_t total) {
                          if (!options.quiet) line(stage, done, total);
                        });
  }
  options.json ? print_json(plan, ablation_json(experiment, config), translation) : print_text(plan, !results);
}

}  // namespace

void add_plan(CLI::App& app) {
  CLI::App& command =
      add_command(app, "plan", "Plan an experiment's patches: items, rows, time and memory, before anything is patched",
                  "tertium plan examples/demo.toml --results results");
  const auto options = std::make_shared<PlanOptions>();
  add_experiment_options(command, *options);
  add_hardware_options(command, options->hardware);
  command.add_option("--results", options->results,
                     "A run's folder to take the answers from, which decide who is patched; without it the items are "
                     "scored first");
  command.add_flag("--json", options->json, "One JSON object");
  command.callback([options] { plan(*options); });
}

}  // namespace tertium
