#include "tertium/analysis/across.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "tertium/analysis/groups.h"
#include "tertium/stats/bootstrap_correlation.h"
#include "tertium/stats/correlation.h"

namespace tertium {
namespace {

using Points = std::vector<AcrossPoint>;

/// The share of aligned items (or the mean of a real metric), by layer.
std::vector<double> means(const std::vector<const AlignmentObservations*>& layers) {
  std::vector<double> means;
  for (const AlignmentObservations* at : layers) means.push_back(mean(*at));
  return means;
}

double accuracy(const LanguageObservations& language) {
  const auto right = std::ranges::count_if(language.answers, &PairedAnswer::right);
  return static_cast<double>(right) / static_cast<double>(language.answers.size());
}

using Key = std::tuple<std::string, std::string, std::string>;  // task, protocol, metric
using PointsOf = std::map<Key, std::pair<Points, Points>>;      // by maximum, by mean over layers

void add(const Key& key, const std::string& language, const std::vector<double>& layers, double accuracy,
         std::vector<Key>& order, PointsOf& all) {
  const auto [place, is_new] = all.try_emplace(key);
  if (is_new) order.push_back(key);
  auto& [by_max, by_mean] = place->second;
  const double sum = std::accumulate(layers.begin(), layers.end(), 0.0);
  by_max.push_back({language, *std::ranges::max_element(layers), accuracy});
  by_mean.push_back({language, sum / static_cast<double>(layers.size()), accuracy});
}

/// A parallel corpus against every task that has its languages, and imported means against the accuracy beside them.
void add_corpora(const Observations& observations, std::vector<Key>& order, PointsOf& all) {
  using Corpus = std::tuple<std::string, std::string, std::string>;     // corpus, pooling, measure
  std::map<Corpus, std::map<std::string, std::vector<double>>> layers;  // by language
  std::map<std::string, std::map<std::string, double>> accuracies;      // by corpus, by language
  for (const CorpusRow& row : observations.corpora) {
    if (row.measure == kAccuracy)
      accuracies[row.corpus][row.language] = row.value;
    else if (row.stream == "resid")
      layers[{row.corpus, row.pooling, row.measure}][row.language].push_back(row.value);
  }
  for (const auto& [corpus, by_language] : layers) {
    const auto& [name, pooling, measure] = corpus;
    if (accuracies.contains(name)) {
      for (const auto& [language, values] : by_language)
        if (accuracies.at(name).contains(language))
          add({name, "means", measure}, language, values, accuracies.at(name).at(language), order, all);
      continue;
    }
    for (const LanguageObservations& language : observations.languages)
      if (!language.is_pivot && by_language.contains(language.of.language))
        add({language.of.task, language.of.protocol, fmt::format("{} {} {}", name, measure, pooling)},
            language.of.language, by_language.at(language.of.language), accuracy(language), order, all);
  }
}

AcrossResult correlate(AcrossResult result, const Points& points, Bootstrap& bootstrap) {
  result.n = points.size();
  result.points = points;
  std::vector<double> x, y;
  for (const AcrossPoint& point : points) {
    x.push_back(point.alignment);
    y.push_back(point.accuracy);
  }
  const Correlation r = pearson(x, y);
  result.pearson = {r.value, r.low, r.high, r.n};
  result.pearson_p = pearson_p(r.value, r.n);
  const Correlation rho = bootstrap_correlation(x, y, CorrelationKind::spearman, bootstrap);
  result.spearman = {rho.value, rho.low, rho.high, rho.n};
  const LeaveOneOut range = leave_one_out(x, y, CorrelationKind::pearson);
  result.pearson_low = range.low;
  result.pearson_high = range.high;
  return result;
}

}  // namespace

std::vector<AcrossResult> across_results(const Observations& observations, const AnalysisOptions& options,
                                         Bootstrap& bootstrap) {
  std::vector<Key> order;
  PointsOf all;
  const bool study = options.preset == Preset::study;
  for (const LanguageObservations& language : observations.languages) {
    if (language.is_pivot) continue;
    const auto& [task, protocol, name] = language.of;
    for (const std::string& metric : metrics_of(observations, task, name)) {
      const std::vector<double> layers = means(study ? study_layers(observations, task, name, metric)
                                                     : stream_layers(observations, task, name, metric));
      if (layers.empty()) continue;
      add({task, protocol, metric}, name, layers, accuracy(language), order, all);
    }
  }
  add_corpora(observations, order, all);
  std::vector<AcrossResult> results;
  for (const Key& key : order) {
    const auto& [task, protocol, metric] = key;
    const auto& [by_max, by_mean] = all.at(key);
    results.push_back(correlate({task, protocol, metric, "max"}, by_max, bootstrap));
    if (!study) results.push_back(correlate({task, protocol, metric, "mean"}, by_mean, bootstrap));
  }
  return results;
}

}  // namespace tertium
