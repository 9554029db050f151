#include "tertium/analysis/lens_results.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "tertium/analysis/groups.h"
#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/stats/units.h"

namespace tertium {
namespace {

/// What the lens read of an item at one layer.
struct Words {
  std::vector<int> tokens;
  std::vector<double> values;
};
struct Readings {
  Words own, pivot;
  double entropy = kUnknown;
};

bool all_differ(const std::vector<int>& tokens) {
  return std::set<int>(tokens.begin(), tokens.end()).size() == tokens.size();
}

LensSight sight_of(const Readings& readings, std::size_t gold, bool letters) {
  LensSight sight{.entropy = readings.entropy};
  if (all_differ(readings.own.tokens)) sight.right = static_cast<double>(best_option(readings.own.values) == gold);
  if (letters) return sight;
  sight.own = readings.own.values[gold];
  if (readings.pivot.values.empty()) return sight;
  sight.pivot = readings.pivot.values[gold];
  if (readings.pivot.tokens[gold] != readings.own.tokens[gold])
    sight.pivot_above = static_cast<double>(sight.pivot > sight.own);
  return sight;
}

/// Some answers' sights, and their units.
class Sights {
 public:
  Sights(const LensObservations& at, const std::vector<const PairedAnswer*>& answers) {
    for (const PairedAnswer* answer : answers)
      if (const auto found = at.items.find(answer->item); found != at.items.end()) {
        sights_.push_back(&found->second);
        units_.push_back(answer->unit);
      }
  }

  std::size_t size() const { return sights_.size(); }

  std::size_t with(double LensSight::*member) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(sights_, [&](const LensSight* sight) { return !std::isnan(sight->*member); }));
  }

  /// Of those that have it.
  Estimate rate(double LensSight::*member, Bootstrap& bootstrap) const {
    std::vector<double> values;
    std::vector<std::string> units;
    for (std::size_t i = 0; i < sights_.size(); ++i)
      if (!std::isnan(sights_[i]->*member)) values.push_back(sights_[i]->*member), units.push_back(units_[i]);
    return values.empty() ? Estimate{} : rate_of_items(values, numbered(units), bootstrap);
  }

  double mean(double LensSight::*member) const {
    std::vector<double> values;
    for (const LensSight* sight : sights_)
      if (!std::isnan(sight->*member)) values.push_back(sight->*member);
    return tertium::mean(values);
  }

 private:
  std::vector<const LensSight*> sights_;
  std::vector<std::string> units_;
};

LensResult result_of(const LensObservations& at, const char* group, const Sights& sights, Bootstrap& bootstrap) {
  return {.of = at.of,
          .group = group,
          .layer = at.layer,
          .n = sights.size(),
          .differ = sights.with(&LensSight::right),
          .right = sights.rate(&LensSight::right, bootstrap),
          .pivot_differs = sights.with(&LensSight::pivot_above),
          .pivot_above = sights.rate(&LensSight::pivot_above, bootstrap),
          .own = sights.mean(&LensSight::own),
          .pivot = sights.mean(&LensSight::pivot),
          .entropy = sights.mean(&LensSight::entropy)};
}

}  // namespace

std::vector<LensObservations> lens_observations(const std::vector<LensRow>& rows,
                                                const std::vector<LanguageAnswers>& answers) {
  using Place = std::tuple<TaskLanguage, int>;
  std::vector<Place> order;
  std::map<Place, std::map<std::string, Readings>> all;
  for (const LensRow& row : rows) {
    const Place place{{row.task, row.protocol, row.language}, row.layer};
    auto [found, is_new] = all.try_emplace(place);
    if (is_new) order.push_back(place);
    Readings& readings = found->second[row.item];
    Words& words = row.token_of.starts_with("pivot") ? readings.pivot : readings.own;
    words.tokens.push_back(row.token);
    words.values.push_back(row.log_prob ? *row.log_prob : row.logit.value_or(kUnknown));
    if (row.entropy) readings.entropy = *row.entropy;
  }
  std::vector<LensObservations> observations;
  for (const Place& place : order) {
    const auto& [of, layer] = place;
    const Answers* known = find_answers(answers, of.task, of.protocol, of.language);
    if (!known) fail("lens: no scores of {} {}; are the results whole?", printable(of.task), printable(of.language));
    LensObservations at{of, layer, {}};
    for (const auto& [item, readings] : all.at(place)) {
      const Answer& answer = answer_to(*known, item);
      const std::size_t options = answer.scores.size(), pivots = readings.pivot.tokens.size();
      if (readings.own.tokens.size() != options || (pivots > 0 && pivots != options))
        fail("lens: item \"{}\" ({} {}) has not a word for each option; the file is not as a run left it, so run again",
             printable(item), printable(of.task), printable(of.language));
      at.items[item] = sight_of(readings, answer.gold, protocol_named(of.protocol) == Protocol::letters);
    }
    observations.push_back(std::move(at));
  }
  return observations;
}

std::vector<LensResult> lens_results(const Observations& observations, Bootstrap& bootstrap) {
  std::vector<LensResult> results;
  for (const LensObservations& at : observations.lens) {
    const LanguageObservations* language = find(observations, at.of);
    if (!language) continue;
    std::vector<const PairedAnswer*> all;
    for (const PairedAnswer& answer : language->answers) all.push_back(&answer);
    results.push_back(result_of(at, "all", {at, all}, bootstrap));
    if (language->is_pivot) continue;
    const TransferGroups groups = transfer_groups(*language);
    results.push_back(result_of(at, "TS", {at, groups.ts}, bootstrap));
    results.push_back(result_of(at, "TF", {at, groups.tf}, bootstrap));
  }
  return results;
}

}  // namespace tertium
