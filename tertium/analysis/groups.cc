#include "tertium/analysis/groups.h"

#include <algorithm>
#include <numeric>

namespace tertium {

TransferGroups transfer_groups(const LanguageObservations& language) {
  TransferGroups groups;
  for (const PairedAnswer& answer : language.answers) {
    if (answer.undecided || !answer.pivot_right) continue;
    (answer.right ? groups.ts : groups.tf).push_back(&answer);
  }
  return groups;
}

Sample sample(const std::vector<const PairedAnswer*>& answers, const std::map<std::string, double>& values) {
  Sample sample;
  for (const PairedAnswer* answer : answers) {
    const auto value = values.find(answer->item);
    if (value == values.end()) continue;
    sample.values.push_back(value->second);
    sample.units.push_back(answer->unit);
  }
  return sample;
}

std::vector<std::size_t> numbered(const std::vector<std::string>& units) {
  std::map<std::string, std::size_t> numbers;
  std::vector<std::size_t> all;
  for (const std::string& unit : units) all.push_back(numbers.try_emplace(unit, numbers.size()).first->second);
  return all;
}

std::vector<std::string> metrics_of(const Observations& observations, const std::string& task,
                                    const std::string& language) {
  std::vector<std::string> metrics;
  for (const AlignmentObservations& at : observations.alignment)
    if (at.task == task && at.language == language && std::ranges::find(metrics, at.metric) == metrics.end())
      metrics.push_back(at.metric);
  return metrics;
}

std::vector<const AlignmentObservations*> stream_layers(const Observations& observations, const std::string& task,
                                                        const std::string& language, const std::string& metric) {
  std::vector<const AlignmentObservations*> layers;
  for (const AlignmentObservations& at : observations.alignment)
    if (at.task == task && at.language == language && at.metric == metric && at.stream == "resid")
      layers.push_back(&at);
  std::ranges::sort(layers, {}, &AlignmentObservations::layer);
  return layers;
}

std::vector<const AlignmentObservations*> study_layers(const Observations& observations, const std::string& task,
                                                       const std::string& language, const std::string& metric) {
  std::vector<const AlignmentObservations*> layers = stream_layers(observations, task, language, metric);
  const bool has_last = std::ranges::any_of(observations.alignment, [&](const AlignmentObservations& at) {
    return at.task == task && at.language == language && at.metric == metric && at.stream == "final_norm";
  });
  if (has_last && !layers.empty()) layers.pop_back();
  return layers;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double mean(const AlignmentObservations& at) {
  double sum = 0;
  for (const auto& [item, value] : at.values) sum += value;
  return sum / static_cast<double>(at.values.size());
}

void add_to_mean(double& mean, double value, std::size_t before) {
  mean += (value - mean) / static_cast<double>(before + 1);
}

std::set<std::string> real_metrics(const Observations& observations) {
  std::set<std::string> metrics;
  const auto is_indicator = [](const auto& value) { return value.second == 0 || value.second == 1; };
  for (const AlignmentObservations& at : observations.alignment)
    if (!metrics.contains(at.metric) && !std::ranges::all_of(at.values, is_indicator)) metrics.insert(at.metric);
  return metrics;
}

}  // namespace tertium
