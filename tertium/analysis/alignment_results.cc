#include "tertium/analysis/alignment_results.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "tertium/analysis/families.h"
#include "tertium/analysis/groups.h"
#include "tertium/stats/clustered.h"
#include "tertium/stats/groups.h"

namespace tertium {
namespace {

Counts counts(const std::vector<double>& values) {
  return {static_cast<std::size_t>(std::ranges::count(values, 1.0)), values.size()};
}

double mean_of_all(const LanguageObservations& language, const std::map<std::string, double>& values) {
  std::vector<double> all;
  for (const PairedAnswer& answer : language.answers)
    if (const auto value = values.find(answer.item); value != values.end()) all.push_back(value->second);
  return mean(all);
}

void compare_rates(const Sample& ts, const Sample& tf, AlignmentResult& result) {
  result.ts = counts(ts.values);
  result.tf = counts(tf.values);
  result.difference = risk_difference(result.ts, result.tf);
  result.fisher_p = fisher_exact(result.ts, result.tf);
  result.z = two_proportion_z(result.ts, result.tf);
}

void compare_values(const Sample& ts, const Sample& tf, AlignmentResult& result) {
  result.ts.n = ts.values.size();
  result.tf.n = tf.values.size();
  result.difference = {.value = result.ts_mean - result.tf_mean, .n = result.ts.n + result.tf.n};
  result.auc = auc(ts.values, tf.values);
  result.mann_whitney_p = mann_whitney(ts.values, tf.values).p;
}

/// Units that hold several items are drawn whole.
void compare_units(const Sample& ts, const Sample& tf, AlignmentResult& result) {
  std::vector<std::string> units = ts.units;
  units.insert(units.end(), tf.units.begin(), tf.units.end());
  const Sample both{{}, units};
  if (!both.is_clustered()) return;
  std::vector<double> values = ts.values;
  values.insert(values.end(), tf.values.begin(), tf.values.end());
  std::vector<bool> is_first(values.size());
  std::fill_n(is_first.begin(), ts.values.size(), true);
  const ClusteredDifference clustered = clustered_difference(values, is_first, numbered(units));
  result.difference = clustered.difference;
  result.clustered_p = clustered.p;
}

AlignmentResult compare(const LanguageObservations& language, const AlignmentObservations& at, bool is_binary) {
  const TransferGroups groups = transfer_groups(language);
  const Sample ts = sample(groups.ts, at.values), tf = sample(groups.tf, at.values);
  AlignmentResult result{
      .of = language.of, .metric = at.metric, .stream = at.stream, .layer = at.layer, .is_binary = is_binary};
  result.ts_mean = mean(ts.values);
  result.tf_mean = mean(tf.values);
  result.mean = mean_of_all(language, at.values);
  result.is_binary ? compare_rates(ts, tf, result) : compare_values(ts, tf, result);
  compare_units(ts, tf, result);
  return result;
}

}  // namespace

std::vector<AlignmentResult> alignment_results(const Observations& observations, const AnalysisOptions& options) {
  const std::set<std::string> real = real_metrics(observations);
  std::vector<AlignmentResult> results;
  for (const LanguageObservations& language : observations.languages) {
    if (language.is_pivot) continue;
    for (const std::string& metric : metrics_of(observations, language.of.task, language.of.language)) {
      if (options.preset == Preset::study) {
        for (const AlignmentObservations* at :
             study_layers(observations, language.of.task, language.of.language, metric))
          results.push_back(compare(language, *at, !real.contains(metric)));
        continue;
      }
      for (const AlignmentObservations& at : observations.alignment)
        if (at.task == language.of.task && at.language == language.of.language && at.metric == metric)
          results.push_back(compare(language, at, !real.contains(metric)));
    }
  }
  const auto family = [](const AlignmentResult& one) { return std::tuple(one.of.task, one.of.protocol, one.metric); };
  correct(results, family, &AlignmentResult::p, benjamini_hochberg, &AlignmentResult::p_bh, &AlignmentResult::family);
  return results;
}

}  // namespace tertium
