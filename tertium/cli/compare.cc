#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tertium/analysis/comparison.h"
#include "tertium/analysis/conclusions.h"
#include "tertium/analysis/table_text.h"
#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/cli/command.h"
#include "tertium/cli/print_comparison.h"
#include "tertium/cli/wrapped.h"

namespace tertium {
namespace {

struct CompareOptions {
  std::vector<std::string> folders;
  std::string format;
  bool json = false, items = false;
  std::uint64_t seed = BootstrapOptions{}.seed;
};

std::string percent(double share) { return fmt::format("{:.1f}", 100 * share); }

void print_answers(const Comparison& comparison) {
  fmt::print("  {:<12}{:<10}{:<9}{:>5}{:>7}{:>7}{:>8}{:>6}{:>6}{:>7}\n", "task", "protocol", "language", "n", "first",
             "second", "points", "won", "lost", "Holm");
  for (const AnswerChange& change : comparison.answers)
    fmt::print("  {:<12}{:<10}{:<9}{:>5}{:>7}{:>7}{:>+8.1f}{:>6}{:>6}{:>7.3f}\n", printable(change.of.task),
               printable(change.of.protocol), printable(change.of.language), change.n, percent(change.first_accuracy),
               percent(change.second_accuracy), 100 * change.difference.value, change.won, change.lost, change.p_holm);
}

/// The layers where alignment changed most, one of each language and metric.
void print_alignment(const Comparison& comparison) {
  std::vector<const AlignmentChange*> most;
  for (const AlignmentChange& change : comparison.alignment) {
    const auto same = std::ranges::find_if(most, [&](const AlignmentChange* one) {
      return one->second == change.second && one->task == change.task && one->language == change.language &&
             one->metric == change.metric;
    });
    if (same == most.end())
      most.push_back(&change);
    else if (std::abs(change.difference.value) > std::abs((*same)->difference.value))
      *same = &change;
  }
  if (most.empty()) return;
  fmt::print("\nAlignment where it differs most (layers of the same relative depth)\n");
  fmt::print("  {:<12}{:<10}{:<12}{:>6}{:>7}{:>7}{:>7}{:>8}{:>9}\n", "task", "language", "metric", "layer", "second",
             "first", "second", "change", "adj. p");
  for (const AlignmentChange* change : most)
    fmt::print("  {:<12}{:<10}{:<12}{:>6}{:>7}{:>7.2f}{:>7.2f}{:>+8.2f}{:>9.3f}\n", printable(change->task),
               printable(change->language), change->metric, change->first_layer, change->second_layer,
               change->first_mean, change->second_mean, change->difference.value, change->p_bh);
}

/// The block where flips differ most, one of each language and kind of patch.
void print_flips(const Comparison& comparison) {
  std::vector<const FlipChange*> most;
  for (const FlipChange& change : comparison.flips) {
    const auto same = std::ranges::find_if(most, [&](const FlipChange* one) {
      return one->second == change.second && one->of == change.of && one->key == change.key;
    });
    if (same == most.end())
      most.push_back(&change);
    else if (std::abs(change.difference.value) > std::abs((*same)->difference.value))
      *same = &change;
  }
  if (most.empty()) return;
  fmt::print("\nPatches of the same items where they differ most (blocks of like depth)\n");
  for (const FlipChange* change : most) {
    const std::string name = fmt::format("{}, {}, {}, {}", printable(change->of.task), printable(change->of.protocol),
                                         printable(change->of.language), place_name(change->key));
    fmt::print("{}\n", wrapped(name, 2));
    fmt::print("  block {} against {}: {} and {} % of {} items flip, {:+.1f} points, adj. p {:.3f}\n",
               change->first_layer, change->second_layer, percent(change->first_rate), percent(change->second_rate),
               change->n, 100 * change->difference.value, change->p_bh);
  }
}

void print_items(const Comparison& comparison) {
  fmt::print("\nItems that changed\n");
  for (const ItemChange& change : comparison.items)
    fmt::print("  {} {} {} {}: {}\n", printable(change.of.task), printable(change.of.protocol),
               printable(change.of.language), printable(change.item), change.won ? "won" : "lost");
}

void compare_runs(const CompareOptions& options) {
  std::vector<NamedObservations> all;
  for (const std::string& folder : options.folders) all.push_back({folder, observations_of(Store::open(folder))});
  const Comparison comparison = compare(all, options.seed);
  if (options.json) {
    nlohmann::ordered_json json = to_json(result_tables(comparison));
    json["conclusions"] = comparison.conclusions;
    return fmt::print("{}\n", json.dump());
  }
  fmt::print("Answers of the same items, % right: first {}, second {}\n", options.folders.front(),
             join({options.folders.begin() + 1, options.folders.end()}));
  print_answers(comparison);
  print_transfer(comparison);
  print_alignment(comparison);
  print_flips(comparison);
  if (options.items) print_items(comparison);
  fmt::print("\nConclusions\n");
  print_conclusions(comparison);
  if (!options.items && !comparison.items.empty())
    fmt::print("\n{} answers changed; --items lists them\n", comparison.items.size());
}

}  // namespace

void add_compare(CLI::App& app) {
  CLI::App& command = add_command(app, "compare", "Compare models or settings on the same items, paired",
                                  "tertium compare results-base results-tuned");
  const auto options = std::make_shared<CompareOptions>();
  command.add_option("folders", options->folders, "Folders that `tertium run --out` filled; each against the first")
      ->required()
      ->expected(2, 100);
  command.add_option("--seed", options->seed, "Of resampling")->capture_default_str();
  command.add_flag("--items", options->items, "List the items that changed");
  command.add_flag("--json", options->json, "One JSON object");
  command.callback([options] { compare_runs(*options); });
}

}  // namespace tertium
