#include "tertium/analysis/repair_results.h"

#include <algorithm>
#include <tuple>

#include "tertium/analysis/changed_alignment.h"
#include "tertium/analysis/families.h"
#include "tertium/analysis/groups.h"
#include "tertium/analysis/paired.h"
#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/stats/corrections.h"
#include "tertium/stats/units.h"

namespace tertium {
namespace {

constexpr char kNone[] = "none", kPivot[] = "pivot";

/// The items that a repair was tried on, as they were answered without it and with it.
struct Tried {
  std::vector<const PairedAnswer*> answers;
  std::vector<double> before, after;
  std::vector<std::string> units;

  Tried(const RepairObservations& at, const LanguageObservations& language) {
    for (const PairedAnswer& answer : language.answers) {
      const auto found = at.right.find(answer.item);
      if (found == at.right.end()) continue;
      answers.push_back(&answer);
      before.push_back(at.control == kPivot ? answer.pivot_right : answer.right);
      after.push_back(found->second);
      units.push_back(answer.unit);
    }
  }

  /// Of the items that `wanted` holds for, how many there are and how many `counted` holds for.
  template <class Wanted, class Counted>
  Counts count(const Wanted& wanted, const Counted& counted) const {
    Counts counts{};
    for (std::size_t i = 0; i < answers.size(); ++i)
      if (wanted(*answers[i], before[i])) ++counts.n, counts.hits += counted(after[i]);
    return counts;
  }
};

RepairResult result_of(const RepairObservations& at, const Tried& tried, Bootstrap& bootstrap) {
  RepairResult result{.of = at.of,
                      .repair = at.repair,
                      .control = at.control,
                      .layer = at.layer,
                      .alpha = at.alpha,
                      .n = tried.answers.size()};
  const bool in_pivot = at.control == kPivot;
  const auto turned_right = [](double after) { return after > 0.5; };
  const auto turned_wrong = [](double after) { return after < 0.5; };
  // In the pivot's own run there is no transfer: its wrong and right answers.
  result.repaired = tried.count(
      [&](const PairedAnswer& one, double before) {
        return in_pivot ? before < 0.5 : !one.undecided && one.transfer() == Transfer::tf;
      },
      turned_right);
  result.broken = tried.count(
      [&](const PairedAnswer& one, double before) {
        return in_pivot ? before > 0.5 : !one.undecided && one.transfer() == Transfer::ts;
      },
      turned_wrong);
  const std::vector<std::size_t> units = numbered(tried.units);
  result.before = rate_of_items(tried.before, units, bootstrap);
  result.after = rate_of_items(tried.after, units, bootstrap);
  return result;
}

/// Main less what it is held against.
void compare(RepairResult& result, const Tried& main, const std::vector<double>& other, Bootstrap& bootstrap) {
  const PairedTest test = paired_test(main.after, other, main.units, /*are_single=*/true, bootstrap);
  result.difference = test.difference;
  result.p = test.p;
  result.detectable = test.detectable;
}

}  // namespace

std::vector<RepairObservations> repair_observations(
    const std::vector<RepairRow>& rows, const std::vector<AblatedAlignmentRow>& alignment,
    const std::vector<AlignmentRow>& clean, const std::vector<LanguageAnswers>& answers,
    const std::function<std::string(const std::string& task, const std::string& language)>& pivot) {
  using Key = std::tuple<TaskLanguage, std::string, std::string>;  // repair, control
  std::vector<RepairObservations> all;
  std::map<Key, std::size_t> places;
  std::map<std::pair<std::size_t, std::string>, std::vector<double>> scores;  // place and item
  for (const RepairRow& row : rows) {
    if (row.part != "test") continue;
    const TaskLanguage of{row.task, row.protocol, row.language};
    const auto [place, is_new] = places.insert({{of, row.repair, row.control}, all.size()});
    if (is_new) all.push_back({of, row.repair, row.control, row.layer, row.alpha, {}});
    scores[{place->second, row.item}].push_back(row.score);
  }
  for (const auto& [key, of_options] : scores) {
    const auto& [place, item] = key;
    RepairObservations& at = all[place];
    const std::string language = at.control == kPivot ? pivot(at.of.task, at.of.language) : at.of.language;
    const Answers* known = find_answers(answers, at.of.task, at.of.protocol, language);
    if (!known) fail("repairs: no scores of {} {}; are the results whole?", printable(at.of.task), printable(language));
    const Answer& answer = answer_to(*known, item);
    if (of_options.size() != answer.scores.size())
      fail(
          "repairs: item \"{}\" ({} {}) has not a score of every option; the file is not as a run left it, so run "
          "again",
          printable(item), printable(at.of.task), printable(at.of.language));
    at.right[item] = best_option(answer.compared(of_options)) == answer.gold;
  }
  if (all.empty() || alignment.empty()) return all;
  std::map<std::tuple<std::string, std::string, std::string, std::string, int>, std::size_t> first;
  for (std::size_t i = all.size(); i-- > 0;)  // alignment knows no protocol
    first[{all[i].of.task, all[i].of.language, all[i].repair, all[i].control, all[i].layer}] = i;
  AlignmentChanges changes(clean);
  for (const AblatedAlignmentRow& row : alignment)
    if (row.key.component == kRepaired)
      if (const auto found = first.find({row.task, row.language, row.key.operation, row.key.control, row.key.layer});
          found != first.end())
        changes.add(found->second, row.key.control, row);
  changes.put_into(all);
  return all;
}

std::vector<RepairResult> repair_results(const Observations& observations, Bootstrap& bootstrap) {
  std::vector<RepairResult> results;
  for (const RepairObservations& main : observations.repairs) {
    if (main.control != kMain) continue;
    const LanguageObservations* language = find(observations, main.of);
    if (!language) continue;
    const Tried tried(main, *language);
    results.push_back(result_of(main, tried, bootstrap));
    RepairResult none = results.back();  // held against no repair
    none.control = kNone;
    none.repaired.hits = none.broken.hits = 0;
    none.after = none.before;
    compare(none, tried, tried.before, bootstrap);
    results.push_back(none);
    for (const RepairObservations& control : observations.repairs) {
      if (control.control == kMain || control.of != main.of || control.repair != main.repair) continue;
      const Tried of_control(control, *language);
      RepairResult result = result_of(control, of_control, bootstrap);
      // In the pivot no control is asked about, only harm.
      if (control.control != kPivot && of_control.answers == tried.answers)
        compare(result, tried, of_control.after, bootstrap);
      results.push_back(result);
    }
  }
  std::vector<double> p;
  for (const RepairResult& result : results) p.push_back(result.p);
  const std::vector<double> adjusted = holm(p);
  for (std::size_t i = 0; i < results.size(); ++i) {
    results[i].p_holm = adjusted[i];
    if (!std::isnan(p[i])) results[i].family = family_size(p);
  }
  return results;
}

std::vector<RepairedAlignmentResult> repaired_alignment_results(const Observations& observations,
                                                                Bootstrap& bootstrap) {
  std::vector<RepairedAlignmentResult> results;
  for (const RepairObservations& at : observations.repairs) {
    const LanguageObservations* language = find(observations, at.of);
    if (!language) continue;
    const RepairObservations* main = nullptr;
    for (const RepairObservations& other : observations.repairs)
      if (at.control != kMain && other.control == kMain && other.of == at.of && other.repair == at.repair)
        main = &other;
    for (const auto& [metric, values] : at.aligned) {
      const auto* of_main = main && main->aligned.contains(metric) ? &main->aligned.at(metric) : nullptr;
      if (!values.empty())
        results.push_back({change_of(values, of_main, *language, bootstrap), at.of, at.repair, at.control, at.layer,
                           at.alpha, metric});
    }
  }
  const auto family = [](const RepairedAlignmentResult& one) { return std::tuple(one.of.task, one.metric); };
  correct(results, family, &RepairedAlignmentResult::p, holm, &RepairedAlignmentResult::p_holm,
          &RepairedAlignmentResult::family);
  return results;
}

}  // namespace tertium
