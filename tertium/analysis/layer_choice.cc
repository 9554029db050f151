#include "tertium/analysis/layer_choice.h"

#include <algorithm>

#include "tertium/analysis/families.h"
#include "tertium/analysis/groups.h"
#include "tertium/stats/layer_choice.h"
#include "tertium/stats/max_permutation.h"

namespace tertium {
namespace {

using Layers = std::vector<const AlignmentObservations*>;

Group group_of(const PairedAnswer& answer) {
  if (answer.undecided || !answer.pivot_right) return Group::neither;
  return answer.right ? Group::first : Group::second;
}

/// The items that have a value at every layer.
LayerValues values_of(const LanguageObservations& language, const Layers& layers) {
  LayerValues table{.layers = layers.size()};
  std::vector<std::string> units;
  for (const PairedAnswer& answer : language.answers) {
    const auto has_value = [&](const AlignmentObservations* at) { return at->values.contains(answer.item); };
    if (!std::ranges::all_of(layers, has_value)) continue;
    for (const AlignmentObservations* at : layers) table.values.push_back(at->values.at(answer.item));
    table.groups.push_back(group_of(answer));
    units.push_back(answer.unit);
  }
  table.units = numbered(units);
  return table;
}

LayerChoiceResult result_of(const LanguageObservations& language, const Layers& layers, const std::string& rule,
                            const LayerChoice& choice) {
  return {.of = language.of,
          .metric = layers.front()->metric,
          .rule = rule,
          .layer = layers[choice.layer]->layer,
          .difference = choice.difference,
          .z = choice.z,
          .p = choice.p};
}

void choose(const LanguageObservations& language, const Layers& layers, const AnalysisOptions& options,
            std::vector<LayerChoiceResult>& results) {
  const LayerValues table = values_of(language, layers);
  if (table.groups.empty()) return;
  results.push_back(result_of(language, layers, "study", study_choice(table)));
  if (options.preset == Preset::study) return;
  results.push_back(result_of(language, layers, "split_half", split_half(table, {.seed = options.seed})));
  results.push_back(result_of(language, layers, "max_permutation", max_permutation(table, {.seed = options.seed})));
}

}  // namespace

const AlignmentObservations* study_layer(const Observations& observations, const std::string& task,
                                         const std::string& language, const std::string& metric) {
  const Layers layers = study_layers(observations, task, language, metric);
  const auto most = std::ranges::max_element(layers, {}, [](const AlignmentObservations* at) { return mean(*at); });
  return most == layers.end() ? nullptr : *most;
}

std::vector<LayerChoiceResult> layer_choices(const Observations& observations, const AnalysisOptions& options) {
  std::vector<LayerChoiceResult> results;
  for (const LanguageObservations& language : observations.languages) {
    if (language.is_pivot) continue;
    const auto& [task, protocol, name] = language.of;
    for (const std::string& metric : metrics_of(observations, task, name))
      if (const Layers layers = study_layers(observations, task, name, metric); !layers.empty())
        choose(language, layers, options, results);
  }
  const auto family = [](const LayerChoiceResult& one) {
    return std::tuple(one.of.task, one.of.protocol, one.metric, one.rule);
  };
  correct(results, family, &LayerChoiceResult::p, holm, &LayerChoiceResult::p_holm, &LayerChoiceResult::family);
  correct(results, family, &LayerChoiceResult::p, benjamini_hochberg, &LayerChoiceResult::p_bh,
          &LayerChoiceResult::family);
  return results;
}

}  // namespace tertium
