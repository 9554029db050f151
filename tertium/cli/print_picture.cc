#include "tertium/cli/print_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "tertium/analysis/conclusions.h"
#include "tertium/base/text.h"
#include "tertium/cli/analysis_parts.h"
#include "tertium/cli/print_corpora.h"
#include "tertium/cli/print_translations.h"
#include "tertium/cli/wrapped.h"

namespace tertium {
namespace {

constexpr std::size_t kMostBars = 40;  // beside a label and a peak, in 80 columns

/// A row of a chart: a value for each layer or block.
struct Series {
  std::string language, name;
  std::vector<int> at;
  std::vector<double> values;
  std::size_t items = 0;

  void add(int where, double value) {
    at.push_back(where);
    values.push_back(value);
  }
  /// "peak 47 at 11"; nothing where all are 0, or of so few items that a rate says little.
  std::string peak() const {
    const auto largest =
        std::ranges::max_element(values, {}, [](double value) { return std::isnan(value) ? -1 : value; });
    if (largest == values.end() || !(*largest > 0) || items < kFewItems) return {};
    return fmt::format("peak {} at {}", percent(*largest), at[static_cast<std::size_t>(largest - values.begin())]);
  }
};

/// The value of a bar of full height: the largest, rounded up to a tenth.
double full_height(const std::vector<Series>& all) {
  double largest = 0;
  for (const Series& series : all)
    for (const double value : series.values) largest = std::fmax(largest, value);
  return std::max(0.1, std::ceil(largest * 10 - 1e-9) / 10);
}

/// `what` is what stands at the bottom: "layers", "blocks".
void print_chart(const std::string& heading, const std::string& what, const std::vector<Series>& all, Ink ink) {
  if (all.empty() || all.front().at.empty()) return;
  const double full = full_height(all);
  std::vector<double> first = all.front().values;
  const std::size_t together = thin_out(first, kMostBars);
  fmt::print("\n{}\n",
             wrapped(fmt::format(
                 "{}; {} {} to {}{}, full height {} %", heading, what, all.front().at.front(), all.front().at.back(),
                 together > 1 ? fmt::format(", the largest of every {}", together) : "", percent(full))));
  std::string language;
  std::size_t row = 0;  // of its language
  for (const Series& series : all) {
    row = std::exchange(language, series.language) == series.language ? row + 1 : 0;
    const bool has_count = std::ranges::all_of(
        all, [&](const Series& one) { return one.language != series.language || one.items == series.items; });
    const std::string label = row == 0                ? printable(series.language)
                              : row == 1 && has_count ? fmt::format("n={}", series.items)
                                                      : "";
    std::vector<double> values = series.values;
    thin_out(values, kMostBars);
    fmt::print("  {:<9}{:<14}{}{}{}\n", label,
               has_count ? series.name : fmt::format("{} n={}", series.name, series.items), bars(values, full, ink),
               series.peak().empty() ? "" : "  ", series.peak());
  }
}

void print_accuracy(const Analysis& analysis, const Part& part, Ink ink) {
  constexpr std::size_t kWidth = 34;
  const std::size_t options = part.languages.front()->options;
  fmt::print("\n{}\n", wrapped(fmt::format("Accuracy, % [95 %], on a line from 0 to 100{1}; items right in {0} and "
                                           "here (TS), right in {0} and wrong here (TF)",
                                           pivot_name(analysis),
                                           chance_text(options > 0 ? 1 / static_cast<double>(options) : kUnknown))));
  for (const LanguageResult* language : part.languages) {
    const Estimate& rate = language->accuracy;
    fmt::print("  {:<10}{:>4}  {}", printable(language->of.language), percent(rate.value),
               interval_bar(rate.low, rate.value, rate.high, kWidth, ink));
    if (language->is_pivot)
      fmt::print("  (pivot)\n");
    else
      fmt::print("  TS {:>4}  TF {:>4}\n", language->ts, language->tf);
  }
  for (const LanguageResult* language : part.languages)
    if (language->undecided > 0 && !language->is_pivot)
      fmt::print("  {}: {} more with two options of one text, in none of these\n", printable(language->of.language),
                 language->undecided);
}

/// Whether there was any.
bool print_alignment(const Analysis& analysis, const Part& part, const ShownMetric& metric, Ink ink) {
  std::vector<Series> all;
  for (const LanguageResult* language : part.languages) {
    Series ts{language->of.language, "TS", {}, {}, language->ts}, tf{language->of.language, "TF", {}, {}, language->tf};
    for (const AlignmentResult* result : part.of(analysis.alignment)) {
      if (result->metric != metric.name || result->stream != "resid" || result->of != language->of) continue;
      ts.add(result->layer, result->ts_mean);
      tf.add(result->layer, result->tf_mean);
    }
    if (!ts.at.empty()) all.insert(all.end(), {ts, tf});
  }
  print_chart(aligned_heading(analysis, part, metric, " and "), "stream indices", all, ink);
  return !all.empty();
}

void print_flips(const Analysis& analysis, const Part& part, const PatchTable& table, Ink ink) {
  std::vector<Series> all;
  for (const LanguageResult* language : part.languages)
    for (const std::string& control : table.controls) {
      Series series{language->of.language, control, {}, {}, items_of(table, language->of.language)};
      for (const auto& [block, by_language] : table.blocks) {
        const FlipResult* flip = flip_at(table, block, language->of.language, control);
        series.add(block, flip ? flip->rate.value : kUnknown);
      }
      if (series.items > 0) all.push_back(series);
    }
  print_chart(claim(analysis, table.key), "blocks", all, ink);
}

void print_patches(const Analysis& analysis, const Part& part, Ink ink) {
  const std::vector<PatchTable> tables = patch_tables(analysis, part);
  if (tables.size() > kMostKinds) return print_many(analysis, part, tables.size());
  for (const PatchTable& table : tables) {
    print_flips(analysis, part, table, ink);
    print_remarks(part, table);
  }
}

}  // namespace

void print_picture(const Analysis& analysis, Ink ink) {
  for (const Part& part : parts_of(analysis)) {
    print_heading(analysis, part);
    print_accuracy(analysis, part, ink);
    for (const ShownMetric& metric : kShownMetrics)  // the first that there is; the others stand in the tables
      if (print_alignment(analysis, part, metric, ink)) break;
    print_patches(analysis, part, ink);
  }
  print_translations(analysis, /*all=*/false);
  print_nearest(analysis);
  print_noise_floor(analysis);
  print_first_conclusions(analysis);
}

}  // namespace tertium
