#include "tertium/cli/print_analysis.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tertium/analysis/results.h"
#include "tertium/base/text.h"
#include "tertium/cli/analysis_parts.h"
#include "tertium/cli/print_ablations.h"
#include "tertium/cli/print_corpora.h"
#include "tertium/cli/print_lens.h"
#include "tertium/cli/print_repairs.h"
#include "tertium/cli/print_translations.h"
#include "tertium/cli/wrapped.h"

namespace tertium {
namespace {

/// Where an option's score is a sum, what its length would make of it.
void print_accuracy_by_rule(const Part& part) {
  const LanguageResult& first = *part.languages.front();
  if (first.by_rule.empty()) return;
  fmt::print("  %, by sum (acc), character (acc_norm), byte (acc_bytes); {} decides\n", first.rule);
  for (const LanguageResult* language : part.languages) {
    fmt::print("  {:<12}", printable(language->of.language));
    for (const auto& [rule, accuracy] : language->by_rule) fmt::print("  {} {:.1f}", rule, 100 * accuracy);
    fmt::print("\n");
  }
}

void print_accuracy(const Analysis& analysis, const Part& part) {
  const std::size_t options = part.languages.front()->options;
  fmt::print("\n{}\n",
             wrapped(fmt::format("Accuracy, % of items [95 %]{1}; items right in {0} and here (TS), in {0} only (TF), "
                                 "here only (FS), in neither (FF)",
                                 pivot_name(analysis),
                                 chance_text(options > 0 ? 1 / static_cast<double>(options) : kUnknown))));
  fmt::print("  {:<12}{:>9}  {:<16}{:>5}{:>5}{:>5}{:>5}\n", "language", "accuracy", "", "TS", "TF", "FS", "FF");
  for (const LanguageResult* language : part.languages) {
    const Estimate& rate = language->accuracy;
    fmt::print("  {:<12}{:>7.1f} %  [{:.1f}, {:.1f}]", printable(language->of.language), 100 * rate.value,
               100 * rate.low, 100 * rate.high);
    if (language->is_pivot)
      fmt::print("     (pivot)\n");
    else
      fmt::print("    {:>5}{:>5}{:>5}{:>5}\n", language->ts, language->tf, language->fs, language->ff);
  }
  print_accuracy_by_rule(part);
  for (const LanguageResult* language : part.languages)
    if (language->undecided > 0 && !language->is_pivot)
      fmt::print("  {}: {} more with two options of one text, in none of these\n", printable(language->of.language),
                 language->undecided);
}

/// Those of a part but the pivot.
std::vector<std::vector<std::string>> pages_of(const Part& part, std::size_t width) {
  std::vector<std::string> languages;
  for (const LanguageResult* language : part.languages)
    if (!language->is_pivot) languages.push_back(language->of.language);
  return pages(languages, width);
}

void print_alignment(const Analysis& analysis, const Part& part, const ShownMetric& metric) {
  constexpr std::size_t kCell = 4;
  const std::size_t width = 2 * kCell + 3;
  using At = std::pair<std::string, int>;                              // stream, layer
  std::map<At, std::map<std::string, const AlignmentResult*>> layers;  // by language
  for (const AlignmentResult* result : part.of(analysis.alignment))
    if (result->metric == metric.name)
      layers[{result->stream == "final_norm" ? "norm" : "", result->layer}][result->of.language] = result;
  if (layers.empty()) return;
  fmt::print("\n{}\n", wrapped(aligned_heading(analysis, part, metric, " | ") +
                               ", by stream index (norm: after the final norm)"));
  for (const auto& page : pages_of(part, width)) {
    fmt::print("  layer");
    for (const std::string& language : page) fmt::print("{}", cell(printable(language), width));
    fmt::print("\n");
    for (const auto& [at, by_language] : layers) {
      fmt::print("  {}", cell(at.first.empty() ? std::to_string(at.second) : at.first, 5));
      for (const std::string& language : page) {
        const auto found = by_language.find(language);
        const AlignmentResult* result = found == by_language.end() ? nullptr : found->second;
        fmt::print("{} |{}", cell(result ? percent(result->ts_mean) : "–", kCell + 1),
                   cell(result ? percent(result->tf_mean) : "–", kCell));
      }
      fmt::print("\n");
    }
  }
}

/// One language's rates at a block, a cell a control: " 12 |  4 |  0".
std::string flip_cells(const PatchTable& table, int block, const std::string& language) {
  constexpr std::size_t kCell = 3;
  std::string cells;
  for (const std::string& control : table.controls) {
    const FlipResult* flip = flip_at(table, block, language, control);
    cells += (cells.empty() ? "" : " |") + cell(flip ? percent(flip->rate.value) : "–", kCell);
  }
  return cells;
}

void print_flips(const Analysis& analysis, const Part& part, const PatchTable& table) {
  fmt::print("\n{}\n", wrapped(fmt::format("{}: {}", claim(analysis, table.key), fmt::join(table.controls, " | "))));
  const std::size_t width = std::max<std::size_t>(5 * table.controls.size() + 1, 16);  // "zho_Hans (n=12)" fits
  for (const auto& page : pages_of(part, width)) {
    fmt::print("  block");
    for (const std::string& language : page)
      fmt::print("{}", cell(fmt::format("{} (n={})", printable(language), items_of(table, language)), width));
    fmt::print("\n");
    for (const auto& [block, by_language] : table.blocks) {
      fmt::print("  {:>5}", block);
      for (const std::string& language : page) fmt::print("{}", cell(flip_cells(table, block, language), width));
      fmt::print("\n");
    }
  }
}

void print_patches(const Analysis& analysis, const Part& part) {
  const std::vector<PatchTable> tables = patch_tables(analysis, part);
  if (tables.size() > kMostKinds) return print_many(analysis, part, tables.size());
  for (const PatchTable& table : tables) {
    print_flips(analysis, part, table);
    print_remarks(part, table);
  }
}

void print_choices(const Analysis& analysis, const Part& part) {
  const std::vector<const LayerChoiceResult*> choices = part.of(analysis.layer_choice);
  if (choices.empty()) return;
  fmt::print("\nTS less TF, percentage points of aligned items, at a chosen layer (Holm over\nlanguages)\n");
  fmt::print("  {:<12}{:<12}{:<16}{:>6}{:>8}{:>8}{:>8}{:>8}\n", "language", "metric", "rule", "layer", "points", "z",
             "p", "Holm");
  for (const LayerChoiceResult* choice : choices)
    fmt::print("  {:<12}{:<12}{:<16}{:>6}{:>8}{:>8}{:>8}{:>8}\n", printable(choice->of.language), choice->metric,
               choice->rule, choice->layer < 0 ? "–" : std::to_string(choice->layer),
               number(100 * choice->difference, 1), number(choice->z), p_text(choice->p), p_text(choice->p_holm));
}

void print_across(const Analysis& analysis, const Part& part) {
  bool first = true;
  for (const AcrossResult& across : analysis.across) {
    if (across.task != part.task || across.protocol != part.protocol || std::isnan(across.pearson.value)) continue;
    if (std::exchange(first, false))
      fmt::print("\nAccuracy with alignment, over languages\n  {:<13}{:<6}{:>3}{:>9} {:<15}{:>7}{:>10} {}\n", "metric",
                 "over", "n", "Pearson", "[95 %]", "p", "Spearman", "[95 %]");
    const auto range = [](const Estimate& r) { return fmt::format("[{}, {}]", number(r.low), number(r.high)); };
    fmt::print("  {:<13}{:<6}{:>3}{:>9} {:<15}{:>7}{:>10} {}\n", across.metric, across.aggregate, across.n,
               number(across.pearson.value), range(across.pearson), p_text(across.pearson_p),
               number(across.spearman.value), range(across.spearman));
  }
}

/// The best block of every kind of place and language.
void print_places(const Analysis& analysis, const Part& part) {
  std::vector<const PlaceResult*> best;
  for (const PlaceResult* place : part.of(analysis.places)) {
    if (std::isnan(place->p_bh)) continue;
    auto same = std::ranges::find_if(
        best, [&](const PlaceResult* one) { return one->of == place->of && one->key == place->key; });
    if (same == best.end())
      best.push_back(place);
    else if (std::pair(place->p_bh, -place->difference.value) < std::pair((*same)->p_bh, -(*same)->difference.value))
      *same = place;
  }
  if (best.empty()) return;
  constexpr std::size_t kShown = 40;
  fmt::print(
      "\n% of items changed: main against its strongest control (ctrl), where adjusted p\n(Benjamini-Hochberg over "
      "blocks and languages) is least; self: rounding\n");
  fmt::print("  {:<10}{:<29}{:>4}{:>5}{:>5}{:>8} {:<11}{:>5}\n", "language", "place", "n", "main", "ctrl", "adj. p",
             "control", "self");
  for (std::size_t i = 0; i < std::min(best.size(), kShown); ++i) {
    const PlaceResult* place = best[i];
    const PatchKey& key = place->key;
    const std::string at = fmt::format("{} {}@{}{} {}", key.direction, key.site, place->layer,
                                       key.head < 0 ? "" : fmt::format(".{}", key.head), key.position);
    fmt::print("  {:<10}{:<29}{:>4}{:>5}{:>5}{:>8} {:<11}{:>5}\n", printable(place->of.language), at, place->items,
               percent(place->rate), percent(place->rate - place->difference.value), p_text(place->p_bh),
               place->strongest, percent(place->noise_rate));
  }
  if (best.size() > kShown) fmt::print("  and {} more: --table places\n", best.size() - kShown);
}

void print_regression(const Analysis& analysis, const Part& part) {
  for (const RegressionResult& regression : analysis.regression) {
    if (regression.task != part.task || regression.protocol != part.protocol || regression.coefficients.empty())
      continue;
    fmt::print("\nRegression of right answers, {} at the study's layer; n = {}, {} units\n", regression.metric,
               regression.n, regression.units);
    fmt::print("  {:<24}{:>12}{:>10}{:>9}{:>9}\n", "term", "coefficient", "error", "z", "p");
    for (const RegressionTerm& one : regression.coefficients)
      fmt::print("  {:<24}{:>12}{:>10}{:>9}{:>9}\n", printable(one.term), number(one.value, 3), number(one.error, 3),
                 number(one.z), p_text(one.p));
  }
}

}  // namespace

void print_tables(const Analysis& analysis) {
  for (const Part& part : parts_of(analysis)) {
    print_heading(analysis, part);
    print_accuracy(analysis, part);
    for (const ShownMetric& metric : kShownMetrics) print_alignment(analysis, part, metric);
    print_patches(analysis, part);
    print_ablations(analysis, part);
    print_lens(analysis, part);
  }
  print_translations(analysis, /*all=*/true);
  print_nearest(analysis);
  print_noise_floor(analysis);
  print_conclusions(analysis);
}

void print_statistics(const Analysis& analysis) {
  for (const Part& part : parts_of(analysis)) {
    print_heading(analysis, part);
    print_accuracy(analysis, part);
    print_choices(analysis, part);
    print_across(analysis, part);
    print_places(analysis, part);
    print_regression(analysis, part);
    print_ablations(analysis, part);
    print_lens(analysis, part);
    print_repairs(analysis, part);
  }
  print_translations(analysis, /*all=*/false);
  print_nearest(analysis);
  print_corpora(analysis);
  print_noise_floor(analysis);
  print_conclusions(analysis);
}

}  // namespace tertium
