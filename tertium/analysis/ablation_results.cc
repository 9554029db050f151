#include "tertium/analysis/ablation_results.h"

#include <algorithm>
#include <tuple>

#include "tertium/analysis/changed_alignment.h"
#include "tertium/analysis/families.h"
#include "tertium/analysis/groups.h"
#include "tertium/analysis/paired.h"
#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/stats/units.h"

namespace tertium {
namespace {

/// "random" of "random@7.2".
std::string name_of(const std::string& control) { return control.substr(0, control.find('@')); }

AblationKey with_control(AblationKey key, std::string control) {
  key.control = std::move(control);
  return key;
}

/// By language, place and control: the index of its observations.
using AblationPlaces = std::map<std::pair<TaskLanguage, AblationKey>, std::size_t>;

/// The options' scores of one draw.
using Draw = std::pair<std::string, std::string>;  // item, control

void add_answers(const std::vector<AblationRow>& scores, const std::vector<LanguageAnswers>& answers,
                 std::vector<AblationObservations>& all, AblationPlaces& places) {
  std::vector<std::map<Draw, std::vector<double>>> scored;
  for (const AblationRow& row : scores) {
    const TaskLanguage of{row.task, row.protocol, row.language};
    const AblationKey key = with_control(row.key, name_of(row.key.control));
    const auto [place, is_new] = places.insert({{of, key}, all.size()});
    if (is_new) all.push_back({of, key, {}, {}}), scored.emplace_back();
    std::vector<double>& of_item = scored[place->second][{row.item, row.key.control}];
    if (std::cmp_not_equal(row.option, of_item.size()))
      fail("ablations: item \"{}\" ({} {}): option {} comes where {} should; the file is not as a run left it",
           printable(row.item), printable(row.task), row.language, row.option, of_item.size());
    of_item.push_back(row.score);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Answers* clean = find_answers(answers, all[i].of.task, all[i].of.protocol, all[i].of.language);
    for (const auto& [draw, of_item] : scored[i]) {
      const std::string& item = draw.first;
      if (!clean)
        fail("ablations: no scores of {} {}; are the results whole?", printable(all[i].of.task), all[i].of.language);
      const Answer& answer = answer_to(*clean, item);
      if (of_item.size() != answer.scores.size())
        fail("ablations: item \"{}\" has {} options, but {} clean; the file is not as a run left it", printable(item),
             of_item.size(), answer.scores.size());
      const std::vector<double> compared = answer.compared(of_item);
      AblatedAnswer& ablated = all[i].items[item];
      add_to_mean(ablated.right, best_option(compared) == answer.gold, ablated.draws);
      add_to_mean(ablated.margin, margin(compared, answer.gold), ablated.draws);
      ++ablated.draws;
    }
  }
}

void add_alignment(const std::vector<AblatedAlignmentRow>& ablated, const std::vector<AlignmentRow>& clean,
                   std::vector<AblationObservations>& all, const AblationPlaces& places) {
  std::map<std::tuple<std::string, std::string, AblationKey>, std::size_t> first;  // alignment knows no protocol
  for (const auto& [place, index] : places) {
    const auto [found, is_new] = first.insert({{place.first.task, place.first.language, place.second}, index});
    if (!is_new) found->second = std::min(found->second, index);
  }
  if (ablated.empty()) return;
  AlignmentChanges changes(clean);
  for (const AblatedAlignmentRow& row : ablated)
    if (const auto found = first.find({row.task, row.language, with_control(row.key, name_of(row.key.control))});
        found != first.end())
      changes.add(found->second, row.key.control, row);
  changes.put_into(all);
}

const AblationObservations* main_of(const Observations& observations, const AblationObservations& control) {
  const AblationKey key = with_control(control.key, kMain);
  for (const AblationObservations& at : observations.ablations)
    if (at.of == control.of && at.key == key) return &at;
  return nullptr;
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

AblationResult result_of(const AblationObservations& at, const AblationObservations* main,
                         const LanguageObservations& language, Bootstrap& bootstrap) {
  AblationResult result{.of = at.of, .key = at.key};
  PairedItems with_clean, with_main;
  std::vector<double> margins;
  for (const PairedAnswer& answer : language.answers) {
    const auto found = at.items.find(answer.item);
    if (found == at.items.end()) continue;
    const AblatedAnswer& ablated = found->second;
    with_clean.add(ablated.right, answer.right, answer.unit, ablated.draws);
    margins.push_back(ablated.margin - answer.margin);
    if (!main) continue;
    if (const auto own = main->items.find(answer.item); own != main->items.end())
      with_main.add(own->second.right, ablated.right, answer.unit, ablated.draws);
  }
  result.items = with_clean.first.size();
  result.draws = with_clean.draws;
  if (result.items == 0) return result;
  result.accuracy = rate_of_items(with_clean.first, numbered(with_clean.units), bootstrap);
  result.margin_change = mean_of_items(margins, numbered(with_clean.units), bootstrap);
  const PairedTest from_clean = with_clean.test(/*are_single=*/result.draws == 1, bootstrap);
  result.change = from_clean.difference;
  result.p = from_clean.p;
  result.detectable = from_clean.detectable;
  if (at.key.control != kMain) {
    const PairedTest from_main = with_main.test(/*are_single=*/false, bootstrap);
    result.difference = from_main.difference;
    result.p = from_main.p;
    result.detectable = from_main.detectable;
  }
  if (language.is_pivot) return result;
  const TransferGroups groups = transfer_groups(language);
  result.ts_kept = still_right(at, groups.ts, bootstrap, result.ts);
  result.tf_repaired = still_right(at, groups.tf, bootstrap, result.tf);
  return result;
}

/// Of what is asked at once: all places and languages.
auto family_of(const TaskLanguage& of, const AblationKey& key) {
  return std::tuple(of.task, of.protocol, key.component, key.operation, key.position, key.control);
}

}  // namespace

std::vector<AblationObservations> ablation_observations(const std::vector<AblationRow>& scores,
                                                        const std::vector<AblatedAlignmentRow>& alignment,
                                                        const std::vector<AlignmentRow>& clean,
                                                        const std::vector<LanguageAnswers>& answers) {
  std::vector<AblationObservations> all;
  AblationPlaces places;
  add_answers(scores, answers, all, places);
  add_alignment(alignment, clean, all, places);
  return all;
}

std::vector<AblationResult> ablation_results(const Observations& observations, Bootstrap& bootstrap) {
  std::vector<AblationResult> results;
  for (const AblationObservations& at : observations.ablations)
    if (const LanguageObservations* language = find(observations, at.of))
      results.push_back(
          result_of(at, at.key.control == kMain ? nullptr : main_of(observations, at), *language, bootstrap));
  const auto family = [](const AblationResult& one) { return family_of(one.of, one.key); };
  correct(results, family, &AblationResult::p, benjamini_hochberg, &AblationResult::p_bh, &AblationResult::family);
  return results;
}

std::vector<AblatedAlignmentResult> ablated_alignment_results(const Observations& observations, Bootstrap& bootstrap) {
  std::vector<AblatedAlignmentResult> results;
  for (const AblationObservations& at : observations.ablations) {
    const LanguageObservations* language = find(observations, at.of);
    if (!language) continue;
    const AblationObservations* main = at.key.control == kMain ? nullptr : main_of(observations, at);
    for (const auto& [metric, values] : at.aligned) {
      const auto* of_main = main && main->aligned.contains(metric) ? &main->aligned.at(metric) : nullptr;
      if (!values.empty()) results.push_back({change_of(values, of_main, *language, bootstrap), at.of, at.key, metric});
    }
  }
  const auto family = [](const AblatedAlignmentResult& one) {
    return std::tuple_cat(family_of(one.of, one.key), std::tuple(one.metric));
  };
  correct(results, family, &AblatedAlignmentResult::p, benjamini_hochberg, &AblatedAlignmentResult::p_bh,
          &AblatedAlignmentResult::family);
  return results;
}

}  // namespace tertium
