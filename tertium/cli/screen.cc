#include "tertium/experiment/screen.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/cli/command.h"
#include "tertium/cli/process.h"
#include "tertium/cli/progress_line.h"
#include "tertium/cli/wrapped.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/experiment.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/screen_ablations.h"
#include "tertium/formats/model_path.h"
#include "tertium/model/checkpoint.h"

namespace tertium {
namespace {

using nlohmann::ordered_json;

struct ScreenCommandOptions : ExperimentOptions {
  std::string task;      // a name, or an index; empty: the first
  std::string language;  // empty: the task's first
  ScreenOptions screen;
  std::string ablate;  // empty: patches are screened
  std::string by = "margin";
  bool json = false;
};

/// What is screened: one table and one of its languages.
struct Chosen {
  const PreparedTask& task;
  const PreparedLanguage& language;
};

/// The experiment's task by name or by index from 0, as --set counts them; the first if `wanted` is empty. Others go.
void keep_one_task(Experiment& experiment, const std::string& wanted) {
  std::vector<std::string> known;
  for (std::size_t i = 0; i < experiment.tasks.size(); ++i) {
    const std::string index = std::to_string(i);
    known.push_back(
        fmt::format("{} ({} {})", index, experiment.tasks[i].name, to_string(experiment.tasks[i].protocol)));
    if (!wanted.empty() && wanted != experiment.tasks[i].name && wanted != index) continue;
    experiment.tasks = {experiment.tasks[i]};
    return;
  }
  fail("--task {}: the experiment has {}", printable(wanted), join(known));
}

/// One of the task's languages; the first if `wanted` is empty. Others go.
void keep_one_language(TaskSpec& task, const std::string& wanted) {
  if (task.languages.empty()) fail("{}: no language besides the pivot; name some in languages", task.name);
  const std::string language = wanted.empty() ? task.languages.front() : wanted;
  if (std::find(task.languages.begin(), task.languages.end(), language) == task.languages.end())
    fail("--language {}: {} has {}", printable(language), task.name, join(task.languages));
  task.languages = {language};
}

void demand_positions(const std::vector<std::string>& positions) {
  for (const std::string& position : positions) demand_position(position);
}

// ---- What is shown

/// "0.81 [0.66, 0.90], n = 40"
std::string shown(const Correlation& correlation) {
  if (std::isnan(correlation.value)) return fmt::format("undefined, n = {}", correlation.n);
  return fmt::format("{:+.2f} [{:+.2f}, {:+.2f}], n = {}", correlation.value, correlation.low, correlation.high,
                     correlation.n);
}

void print_places(const std::vector<VerifiedPlace>& places) {
  fmt::print("  {:<16}{:<14}{:>6}{:>12}{:>12}\n", "place", "position", "items", "estimated", "real");
  for (const auto& [screened, real] : places)
    fmt::print("  {:<16}{:<14}{:>6}{:>+12.3f}{:>+12.3f}\n", to_string(screened.place.site), screened.place.position,
               screened.items, screened.estimated, real);
}

void print_text(const Chosen& chosen, const Screening& screening) {
  const auto& [task, language] = chosen;
  fmt::print("{} {}, direction fix: {} of the {} items that are right in {} and wrong in {}\n", task.spec.name,
             task.spec.stored_protocol(), screening.items.size(), screening.transfer_failures, task.pivot.language,
             language.language);
  fmt::print("clean margin of gold over the best other option: {:+.3f} on average; above 0 the answer is right\n",
             screening.margin);
  fmt::print("change of that margin by {} activations, at {} places:\n", task.pivot.language, screening.places.size());
  fmt::print("\nLargest by attribution, then patched for real\n");
  print_places(screening.top);
  fmt::print("\nDrawn at random from the rest, patched for real\n");
  print_places(screening.drawn);
  const RankCorrelations& found = screening.correlations;
  fmt::print("\nRank correlation of estimated and real change (Spearman [95 %])\n");
  fmt::print("  all verified   {}\n  largest        {}\n  drawn          {}\n", shown(found.all), shown(found.top),
             shown(found.drawn));
  fmt::print(
      "Attribution is a first-order estimate: believe the real column, and test places on items not used here.\n");
}

ordered_json json_of(const ScreenedPlace& screened) {
  const Site site = screened.place.site;
  ordered_json json = {{"site", info(site.kind).name}, {"block", site.block}};
  if (site.head != Site::kNoHead) json["head"] = site.head;
  json["position"] = screened.place.position;
  json["items"] = screened.items;
  json["estimated"] = screened.estimated;
  return json;
}

ordered_json json_of(const std::vector<VerifiedPlace>& places) {
  ordered_json all = ordered_json::array();
  for (const auto& [screened, real] : places) {
    all.push_back(json_of(screened));
    all.back()["real"] = real;
  }
  return all;
}

/// NaN is null.
ordered_json json_of(const Correlation& correlation) {
  return {{"spearman", correlation.value}, {"low", correlation.low}, {"high", correlation.high}, {"n", correlation.n}};
}

void print_json(const Chosen& chosen, const Screening& screening) {
  const auto& [task, language] = chosen;
  ordered_json json = {{"task", task.spec.name},
                       {"protocol", task.spec.stored_protocol()},
                       {"pivot", task.pivot.language},
                       {"language", language.language},
                       {"direction", "fix"},
                       {"transfer_failures", screening.transfer_failures},
                       {"items", screening.items},
                       {"margin", screening.margin},
                       {"top", json_of(screening.top)},
                       {"drawn", json_of(screening.drawn)},
                       {"agreement",
                        {{"all", json_of(screening.correlations.all)},
                         {"top", json_of(screening.correlations.top)},
                         {"drawn", json_of(screening.correlations.drawn)}}}};
  for (const ScreenedPlace& place : screening.places) json["places"].push_back(json_of(place));
  fmt::print("{}\n", json.dump());
}

// ---- Ablations

void print_ablations(const std::vector<VerifiedAblation>& places) {
  fmt::print("  {:<16}{:>12}{:>12}{:>16}{:>12}\n", "place", "margin", "real", "alignment", "real");
  for (const auto& [estimated, real] : places)
    fmt::print("  {:<16}{:>+12.3f}{:>+12.3f}{:>+16.4f}{:>+12.4f}\n", to_string(estimated.place.sites().front()),
               estimated.margin, real.margin, estimated.alignment, real.alignment);
}

void print_text(const Chosen& chosen, const ScreenCommandOptions& options, const AblationScreening& screening) {
  fmt::print("{} {} of {}, {} items; clean margin {:+.3f}, dali_margin {:+.4f} (mean over layers)\n",
             chosen.task.spec.name, chosen.task.spec.stored_protocol(), chosen.language.language,
             screening.items.size(), screening.margin, screening.alignment);
  fmt::print("Changes where one of {} halves of blocks and heads is taken out ({}) at all rows\n",
             screening.places.size(), options.ablate);
  fmt::print("\nWhat costs most {} by attribution, then taken out for real\n", options.by);
  print_ablations(screening.top);
  fmt::print("\nDrawn at random from the rest, taken out for real\n");
  print_ablations(screening.drawn);
  fmt::print("\nRank correlation of estimated and real change (Spearman [95 %])\n");
  for (const auto& [name, found] : {std::pair("margin", &screening.of_margin), {"alignment", &screening.of_alignment}})
    fmt::print("  {:<10} all verified  {}\n  {:<10} largest       {}\n", name, shown(found->all), "",
               shown(found->top));
  std::string heads;
  for (const VerifiedAblation& one : screening.top)
    if (one.estimated.place.component == Component::z)
      heads += fmt::format("{}\"{}\"", heads.empty() ? "" : ", ", place_name(one.estimated.place));
  if (!heads.empty())
    fmt::print("\nTo test these heads on all items:\n  [ablate]\n  components = [\"z\"]\n{}\n",
               wrapped(fmt::format("  heads = [{}]", heads), 4));
  fmt::print("{}\n",
             wrapped("Attribution is a first-order estimate: believe the real columns, and test places on items "
                     "not used here."));
}

ordered_json json_of(const ScreenedAblation& screened) {
  const Site site = screened.place.sites().front();
  ordered_json json = {{"site", info(site.kind).name}, {"block", site.block}};
  if (site.head != Site::kNoHead) json["head"] = site.head;
  json["margin"] = screened.margin;
  json["alignment"] = screened.alignment;
  return json;
}

ordered_json json_of(const std::vector<VerifiedAblation>& places) {
  ordered_json all = ordered_json::array();
  for (const auto& [estimated, real] : places) {
    all.push_back(json_of(estimated));
    all.back()["real_margin"] = real.margin;
    all.back()["real_alignment"] = real.alignment;
  }
  return all;
}

ordered_json json_of(const RankCorrelations& found) {
  return {{"all", json_of(found.all)}, {"top", json_of(found.top)}, {"drawn", json_of(found.drawn)}};
}

void print_json(const Chosen& chosen, const ScreenCommandOptions& options, const AblationScreening& screening) {
  ordered_json json = {
      {"task", chosen.task.spec.name},
      {"protocol", chosen.task.spec.stored_protocol()},
      {"pivot", chosen.task.pivot.language},
      {"language", chosen.language.language},
      {"operation", options.ablate},
      {"by", options.by},
      {"items", screening.items},
      {"margin", screening.margin},
      {"alignment", screening.alignment},
      {"top", json_of(screening.top)},
      {"drawn", json_of(screening.drawn)},
      {"agreement", {{"margin", json_of(screening.of_margin)}, {"alignment", json_of(screening.of_alignment)}}}};
  for (const ScreenedAblation& place : screening.places) json["places"].push_back(json_of(place));
  fmt::print("{}\n", json.dump());
}

void screen(const ScreenCommandOptions& options) {
  Experiment experiment = read_experiment(options.experiment, options.settings);
  if (!experiment.intervention.empty()) fail("intervention: tertium screen has none; leave it out");
  keep_one_task(experiment, options.task);
  keep_one_language(experiment.tasks.front(), options.language);
  demand_positions(options.screen.positions);
  if (!options.ablate.empty() && !options.screen.positions.empty())
    fail("--position: with --ablate parts are taken out at all rows; leave it out");
  if (options.ablate.empty() && options.by != "margin") fail("--by: patches are ranked by the margin; add --ablate");
  set_threads(options.threads);

  const std::filesystem::path model = find_model(experiment.model.string());
  const Tokenizer tokenizer = Tokenizer::open(model);
  give_back_freed_memory();
  const std::vector<PreparedTask> tasks = prepare(experiment, tokenizer, Checkpoint(model).config());
  const Chosen chosen{tasks.front(), tasks.front().others.front()};
  // Gradients pass through plain weights: whatever the experiment's dtype.
  const Engine engine(Model::load(model, "f32", experiment.found_adapter(), {.device = "cpu"}));

  const auto with_progress = [&](const auto& call) {
    ProgressLine line;
    const Progress progress = [&](std::string_view stage, std::size_t done, std::size_t total) {
      if (!options.quiet) line(stage, done, total);
    };
    return call(progress);
  };
  if (!options.ablate.empty()) {
    const AblationScreening screening = with_progress([&](const Progress& progress) {
      return screen_ablations(engine, chosen.task, chosen.language, removal_named(options.ablate),
                              options.by == "margin" ? ScreenBy::margin : ScreenBy::alignment, options.screen,
                              progress);
    });
    return options.json ? print_json(chosen, options, screening) : print_text(chosen, options, screening);
  }
  const Screening screening = with_progress(
      [&](const Progress& progress) { return screen(engine, chosen.task, chosen.language, options.screen, progress); });
  options.json ? print_json(chosen, screening) : print_text(chosen, screening);
}

}  // namespace

void add_screen(CLI::App& app) {
  CLI::App& command = add_command(
      app, "screen", "Rank every site, block, head and position by attribution, and patch the best and others for real",
      "tertium screen examples/demo.toml --language it --top 10 --items 4");
  const auto options = std::make_shared<ScreenCommandOptions>();
  add_experiment_options(command, *options);
  command.add_option("--task", options->task, "Which [[task]]: its name, or its number from 0; else the first");
  command.add_option("--language", options->language, "Which of its languages; else the first");
  command
      .add_option("--position", options->screen.positions,
                  "Only places at this position, for example last; may be repeated; else every one but all")
      ->allow_extra_args(false);
  command.add_option("--top", options->screen.top, "How many of the best places to patch, and of the others")
      ->capture_default_str()
      ->check(CLI::Range(1, 10000));
  command
      .add_option("--ablate", options->ablate,
                  "Rank what each half of a block and each head costs when it is taken out instead: zero, or mean")
      ->check(CLI::IsMember({"zero", "mean"}));
  command.add_option("--by", options->by, "With --ablate: rank by what the margin loses, or by what alignment does")
      ->capture_default_str()
      ->check(CLI::IsMember({"margin", "alignment"}));
  command
      .add_option("--items", options->screen.items,
                  "How many failing items at most, the first in order; with --ablate: items")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  command.add_option("--seed", options->screen.seed, "Of the draw of the others")->capture_default_str();
  command.add_flag("--json", options->json, "One JSON object, with the estimate at every place");
  command.callback([options] { screen(*options); });
}

}  // namespace tertium
