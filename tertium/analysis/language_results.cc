#include "tertium/analysis/language_results.h"

#include <algorithm>

#include "tertium/analysis/groups.h"
#include "tertium/stats/power.h"
#include "tertium/stats/units.h"

namespace tertium {
namespace {

LanguageResult result_of(const LanguageObservations& language, Bootstrap& bootstrap) {
  LanguageResult result{.of = language.of, .is_pivot = language.is_pivot, .n = language.answers.size()};
  if (!language.answers.empty()) result.options = language.answers.front().options;
  std::vector<double> right;
  std::vector<std::string> units;
  for (const PairedAnswer& answer : language.answers) {
    right.push_back(answer.right);
    units.push_back(answer.unit);
    result.correct += answer.right;
    result.undecided += answer.undecided;
    if (answer.options != result.options) result.options = 0;
    if (language.is_pivot || answer.undecided) continue;
    switch (answer.transfer()) {
      case Transfer::ts:
        ++result.ts;
        break;
      case Transfer::tf:
        ++result.tf;
        break;
      case Transfer::fs:
        ++result.fs;
        break;
      case Transfer::ff:
        ++result.ff;
        break;
    }
  }
  result.rule = language.rule;
  for (const auto& [rule, correct] : language.by_rule)
    result.by_rule[rule] = static_cast<double>(correct) / static_cast<double>(result.n);
  result.accuracy = rate_of_items(right, numbered(units), bootstrap);
  // Half of the larger group: no rate asks for more items.
  if (!language.is_pivot) {
    const std::size_t larger = std::max(result.ts, result.tf), smaller = std::min(result.ts, result.tf);
    result.detectable = detectable_difference(smaller, {larger / 2, larger});
  }
  return result;
}

}  // namespace

std::vector<LanguageResult> language_results(const Observations& observations, Bootstrap& bootstrap) {
  std::vector<LanguageResult> results;
  for (const LanguageObservations& language : observations.languages) results.push_back(result_of(language, bootstrap));
  return results;
}

}  // namespace tertium
