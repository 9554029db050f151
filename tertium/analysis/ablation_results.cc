#include "tertium/analysis/ablation_results.h"

#include <algorithm>
#include <tuple>

#include "tertium/analysis/families.h"
#include "tertium/analysis/groups.h"
#include "tertium/analysis/paired.h"
#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/stats/units.h"

namespace tertium {
namespace {

using ByItem = std::map<std::string, double>;

/// What a place is held against: as many parts of the same kind. For a head the others of its block; else the same
/// component of the other blocks.
bool is_other(const AblationKey& place, const AblationKey& other) {
  AblationKey same = other;
  same.layer = place.layer;
  same.head = place.head;
  return same == place && other != place && (place.head < 0 || other.layer == place.layer);
}

/// By item: the mean over the other places that have it; nothing without any.
ByItem means_of(const std::vector<const ByItem*>& others) {
  ByItem sums;
  std::map<std::string, std::size_t> counts;
  for (const ByItem* other : others)
    for (const auto& [item, value] : *other) {
      sums[item] += value;
      ++counts[item];
    }
  for (auto& [item, sum] : sums) sum /= static_cast<double>(counts.at(item));
  return sums;
}

std::map<std::string, std::string> units_of(const LanguageObservations& language) {
  std::map<std::string, std::string> units;
  for (const PairedAnswer& answer : language.answers) units[answer.item] = answer.unit;
  return units;
}

/// First less second, of the items that both have. The differences lie within [-2, 2].
Estimate difference_of(const ByItem& first, const ByItem& second, const std::map<std::string, std::string>& units,
                       Bootstrap& bootstrap) {
  std::vector<double> values;
  std::vector<std::string> of;
  for (const auto& [item, value] : first) {
    const auto found = second.find(item);
    if (found == second.end()) continue;
    values.push_back(value - found->second);
    of.push_back(units.contains(item) ? units.at(item) : item);
  }
  return values.empty() ? Estimate{} : mean_of_items(values, numbered(of), bootstrap);
}

/// Right answers under an ablation less the clean ones.
ByItem changes_of(const AblationObservations& at, const LanguageObservations& language) {
  ByItem changes;
  for (const PairedAnswer& answer : language.answers)
    if (const auto found = at.items.find(answer.item); found != at.items.end())
      changes[answer.item] = static_cast<double>(found->second.right) - static_cast<double>(answer.right);
  return changes;
}

Estimate still_right(const AblationObservations& at, const std::vector<const PairedAnswer*>& group,
                     Bootstrap& bootstrap, std::size_t& n) {
  std::vector<double> values;
  std::vector<std::string> units;
  for (const PairedAnswer* answer : group)
    if (const auto found = at.items.find(answer->item); found != at.items.end()) {
      values.push_back(found->second.right);
      units.push_back(answer->unit);
    }
  n = values.size();
  return values.empty() ? Estimate{} : rate_of_items(values, numbered(units), bootstrap);
}

AblationResult result_of(const AblationObservations& at, const LanguageObservations& language, Bootstrap& bootstrap) {
  AblationResult result{.of = at.of, .key = at.key};
  std::vector<double> ablated, clean, margins;
  std::vector<std::string> units;
  for (const PairedAnswer& answer : language.answers) {
    const auto found = at.items.find(answer.item);
    if (found == at.items.end()) continue;
    ablated.push_back(found->second.right);
    clean.push_back(answer.right);
    margins.push_back(found->second.margin - answer.margin);
    units.push_back(answer.unit);
  }
  result.items = ablated.size();
  if (ablated.empty()) return result;
  result.accuracy = rate_of_items(ablated, numbered(units), bootstrap);
  result.margin_change = mean_of_items(margins, numbered(units), bootstrap);
  const PairedTest test = paired_test(ablated, clean, units, /*are_single=*/true, bootstrap);
  result.change = test.difference;
  result.p = test.p;
  if (language.is_pivot) return result;
  const TransferGroups groups = transfer_groups(language);
  result.ts_kept = still_right(at, groups.ts, bootstrap, result.ts);
  result.tf_repaired = still_right(at, groups.tf, bootstrap, result.tf);
  return result;
}

/// The mean of a metric over the stream indices behind a block, by item.
ByItem clean_alignment(const Observations& observations, const AblationObservations& at, const std::string& metric) {
  ByItem sums;
  std::size_t layers = 0;
  for (const AlignmentObservations* one : stream_layers(observations, at.of.task, at.of.language, metric)) {
    if (one->layer <= at.key.layer) continue;
    ++layers;
    for (const auto& [item, value] : one->values) sums[item] += value;
  }
  for (auto& [item, sum] : sums) sum /= static_cast<double>(layers);
  return sums;
}

ByItem differences(const ByItem& first, const ByItem& second) {
  ByItem all;
  for (const auto& [item, value] : first)
    if (const auto found = second.find(item); found != second.end()) all[item] = value - found->second;
  return all;
}

double mean_of(const ByItem& values) {
  double sum = 0;
  for (const auto& [item, value] : values) sum += value;
  return values.empty() ? kUnknown : sum / static_cast<double>(values.size());
}

}  // namespace

std::vector<AblationObservations> ablation_observations(const std::vector<AblationRow>& scores,
                                                        const std::vector<AblatedAlignmentRow>& alignment,
                                                        const std::vector<LanguageAnswers>& answers) {
  std::vector<AblationObservations> all;
  std::map<std::pair<TaskLanguage, AblationKey>, std::size_t> places;
  std::vector<std::map<std::string, std::vector<double>>> scored;
  for (const AblationRow& row : scores) {
    const TaskLanguage of{row.task, row.protocol, row.language};
    const auto [place, is_new] = places.insert({{of, row.key}, all.size()});
    if (is_new) all.push_back({of, row.key, {}, {}}), scored.emplace_back();
    std::vector<double>& of_item = scored[place->second][row.item];
    if (std::cmp_not_equal(row.option, of_item.size()))
      fail("ablations: item \"{}\" ({} {}): option {} comes where {} should; the file is not as a run left it",
           printable(row.item), printable(row.task), row.language, row.option, of_item.size());
    of_item.push_back(row.score);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Answers* clean = find_answers(answers, all[i].of.task, all[i].of.protocol, all[i].of.language);
    for (const auto& [item, of_item] : scored[i]) {
      if (!clean)
        fail("ablations: no scores of {} {}; are the results whole?", printable(all[i].of.task), all[i].of.language);
      const Answer& answer = answer_to(*clean, item);
      if (of_item.size() != answer.scores.size())
        fail("ablations: item \"{}\" has {} options, but {} clean; the file is not as a run left it", printable(item),
             of_item.size(), answer.scores.size());
      const std::vector<double> compared = answer.compared(of_item);
      all[i].items[item] = {best_option(compared) == answer.gold, margin(compared, answer.gold)};
    }
  }
  std::map<std::tuple<std::string, std::string, AblationKey>, std::size_t> first;  // alignment knows no protocol
  for (std::size_t i = all.size(); i-- > 0;) first[{all[i].of.task, all[i].of.language, all[i].key}] = i;
  std::map<std::tuple<std::size_t, std::string, std::string>, std::size_t> counts;
  for (const AblatedAlignmentRow& row : alignment) {
    const auto found = first.find({row.task, row.language, row.key});
    if (found == first.end() || row.stream != "resid") continue;
    double& mean = all[found->second].aligned[row.metric][row.item];
    const std::size_t before = counts[{found->second, row.metric, row.item}]++;
    mean += (row.value - mean) / static_cast<double>(before + 1);
  }
  return all;
}

std::vector<AblationResult> ablation_results(const Observations& observations, Bootstrap& bootstrap) {
  std::vector<AblationResult> results;
  for (const AblationObservations& at : observations.ablations) {
    const LanguageObservations* language = find(observations, at.of);
    if (!language) continue;
    AblationResult& result = results.emplace_back(result_of(at, *language, bootstrap));
    std::vector<ByItem> all;
    for (const AblationObservations& other : observations.ablations)
      if (other.of == at.of && is_other(at.key, other.key)) all.push_back(changes_of(other, *language));
    std::vector<const ByItem*> others;
    for (const ByItem& one : all) others.push_back(&one);
    result.others = others.size();
    result.over_others = difference_of(changes_of(at, *language), means_of(others), units_of(*language), bootstrap);
  }
  const auto family = [](const AblationResult& one) {
    return std::tuple(one.of.task, one.of.protocol, one.key.component, one.key.position);
  };
  correct(results, family, &AblationResult::p, benjamini_hochberg, &AblationResult::p_bh, &AblationResult::family);
  return results;
}

std::vector<AblatedAlignmentResult> ablated_alignment_results(const Observations& observations, Bootstrap& bootstrap) {
  std::vector<AblatedAlignmentResult> results;
  for (const AblationObservations& at : observations.ablations) {
    const LanguageObservations* language = find(observations, at.of);
    if (!language) continue;
    for (const auto& [metric, values] : at.aligned) {
      const ByItem clean = clean_alignment(observations, at, metric), change = differences(values, clean);
      std::vector<ByItem> all;
      for (const AblationObservations& other : observations.ablations)
        if (other.of == at.of && is_other(at.key, other.key) && other.aligned.contains(metric))
          all.push_back(differences(other.aligned.at(metric), clean_alignment(observations, other, metric)));
      std::vector<const ByItem*> others;
      for (const ByItem& one : all) others.push_back(&one);
      const auto units = units_of(*language);
      ByItem zero;
      for (const auto& [item, value] : change) zero[item] = 0;
      results.push_back({.of = at.of,
                         .key = at.key,
                         .metric = metric,
                         .items = change.size(),
                         .clean = mean_of(clean),
                         .ablated = mean_of(values),
                         .change = difference_of(change, zero, units, bootstrap),
                         .over_others = difference_of(change, means_of(others), units, bootstrap)});
    }
  }
  return results;
}

}  // namespace tertium
