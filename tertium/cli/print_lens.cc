#include "tertium/cli/print_lens.h"

#include <fmt/format.h>

#include <map>

#include "tertium/analysis/results.h"
#include "tertium/base/text.h"
#include "tertium/cli/analysis_parts.h"
#include "tertium/cli/wrapped.h"

namespace tertium {
namespace {

using Groups = std::map<std::string, const LensResult*>;  // by group
using LensLayers = std::map<int, Groups>;

void print_language(const std::string& language, const LensLayers& layers, bool is_pivot) {
  const LensResult& first = *layers.begin()->second.at("all");
  const bool has_pivot = first.pivot_differs > 0, has_entropy = !std::isnan(first.entropy);
  fmt::print(
      "{}\n",
      wrapped(fmt::format(
          "  {}: {} items; of {} the options begin with different words{}", printable(language), first.n, first.differ,
          has_pivot ? fmt::format("; of {} gold begins otherwise in the pivot", first.pivot_differs) : "")));
  fmt::print("  {:>5}{:>10} {:<11}{}{}{}\n", "layer", "gold 1st", "[95 %]", is_pivot ? "" : cell("TS | TF", 12),
             has_pivot ? cell("pivot above", 14) + " [95 %]    " : "", has_entropy ? cell("bits", 6) : "");
  const auto range = [](const Estimate& rate) {
    return std::isnan(rate.low) ? "" : fmt::format("[{:.0f}, {:.0f}]", 100 * rate.low, 100 * rate.high);
  };
  for (const auto& [layer, groups] : layers) {
    const LensResult& all = *groups.at("all");
    std::string line = fmt::format("  {:>5}{} {:<11}", layer, cell(percent(all.right.value), 10), range(all.right));
    if (!is_pivot)
      line += cell(percent(groups.at("TS")->right.value), 7) + " |" + cell(percent(groups.at("TF")->right.value), 3);
    if (has_pivot) line += cell(percent(all.pivot_above.value), 14) + fmt::format(" {:<10}", range(all.pivot_above));
    if (has_entropy) line += cell(number(all.entropy, 1), 6);
    fmt::print("{}\n", line);
  }
}

}  // namespace

void print_lens(const Analysis& analysis, const Part& part) {
  std::map<std::string, LensLayers> languages;
  for (const LensResult* result : part.of(analysis.lens))
    languages[result->of.language][result->layer][result->group] = result;
  if (languages.empty()) return;
  fmt::print(
      "\n{}\n",
      wrapped("Lens, by stream index: % of items whose gold stands highest among the options where the answer is "
              "predicted (gold 1st), and of TS and TF items; % whose gold stands higher in the pivot's word than "
              "in its own (pivot above); mean entropy of the words (bits)"));
  for (const LanguageResult* language : part.languages)
    if (const auto found = languages.find(language->of.language); found != languages.end())
      print_language(found->first, found->second, language->is_pivot);
}

}  // namespace tertium
