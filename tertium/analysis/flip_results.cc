#include "tertium/analysis/flip_results.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "tertium/analysis/families.h"
#include "tertium/analysis/groups.h"
#include "tertium/analysis/paired.h"
#include "tertium/stats/units.h"

namespace tertium {
namespace {

constexpr char kSelf[] = "self";

/// What rounding may move a margin by, where no self control has measured it.
constexpr double kLeastNoise = 1e-5;

/// A place in one language: all but the control.
using PlaceKey = std::tuple<TaskLanguage, PatchKey, int>;

/// Values of the items that have both main and a control, in one order.
struct Paired {
  std::vector<std::string> units;
  std::vector<double> main, control;  // rates: means over draws
  std::vector<double> won, way;       // of the control, margins
  std::size_t draws = 0, main_draws = 0;
};

Paired pair(const PatchObservations& main, const PatchObservations& control,
            const std::map<std::string, std::string>& units) {
  Paired both;
  for (const auto& [item, counts] : control.items) {
    const DrawCounts* in_main = main.items.find(item);
    if (!in_main) continue;
    both.units.push_back(units.contains(item) ? units.at(item) : item);
    both.main.push_back(in_main->rate());
    both.control.push_back(counts.rate());
    both.won.push_back(counts.won);
    both.way.push_back(counts.way);
    both.draws = std::max<std::size_t>(both.draws, counts.draws);
    both.main_draws = std::max<std::size_t>(both.main_draws, in_main->draws);
  }
  return both;
}

void hold_against_main(const Paired& both, Bootstrap& bootstrap, FlipResult& result) {
  const bool are_single = both.draws == 1 && both.main_draws == 1;
  const PairedTest test = paired_test(both.main, both.control, both.units, are_single, bootstrap);
  result.difference = test.difference;
  result.only_main = test.plus;
  result.only_control = test.minus;
  result.p = test.p;
  result.detectable = test.detectable;
}

/// Unknown where the margins are, and where there is next to no way to go.
Estimate recovery(const Paired& both, double noise, Bootstrap& bootstrap) {
  const auto is_known = [](double value) { return std::isfinite(value); };
  if (!std::ranges::all_of(both.won, is_known) || !std::ranges::all_of(both.way, is_known)) return {};
  double way = 0;
  for (const double value : both.way) way += value;
  if (std::abs(way) <= noise * static_cast<double>(both.way.size())) return {};
  return ratio_of_sums(both.won, both.way, numbered(both.units), bootstrap);
}

FlipResult result_of(const PatchObservations& main, const PatchObservations& control,
                     const std::map<std::string, std::string>& units, double noise, Bootstrap& bootstrap) {
  const Paired both = pair(main, control, units);
  FlipResult result{.of = control.of, .key = control.key, .layer = control.layer, .control = control.control};
  result.items = both.main.size();
  result.draws = both.draws;
  result.without_donor = main.items.size() - both.main.size();
  for (const auto& [item, counts] : control.items) {
    result.copied += counts.copied;
    result.may_copy += counts.may_copy;
  }
  if (both.main.empty()) return result;
  result.rate = rate_of_items(both.control, numbered(both.units), bootstrap);
  result.main_rate = mean(both.main);
  result.recovery = recovery(both, noise, bootstrap);
  if (control.control != kMain) hold_against_main(both, bootstrap, result);
  return result;
}

/// A control that found no donor at all keeps its row.
void add_absent(const Observations& observations, const PatchObservations& main,
                const std::vector<const PatchObservations*>& there, std::vector<FlipResult>& results) {
  for (const std::string& control : observations.controls) {
    if (std::ranges::any_of(there, [&](const PatchObservations* at) { return at->control == control; })) continue;
    results.push_back(
        {.of = main.of, .key = main.key, .layer = main.layer, .control = control, .without_donor = main.items.size()});
  }
}

/// Main, the controls that the field names first, then the others.
int rank(const std::string& control) {
  constexpr const char* kOrder[] = {kMain, "same_gold", "mean_shift", "norm_noise", kSelf};
  return static_cast<int>(std::ranges::find(kOrder, control) - std::begin(kOrder));
}

}  // namespace

bool rules_out(const std::string& control) {
  return control != kMain && control != kSelf && !control.starts_with("dose");
}

std::vector<FlipResult> flip_results(const Observations& observations, Bootstrap& bootstrap) {
  std::vector<PlaceKey> order;
  std::map<PlaceKey, std::vector<const PatchObservations*>> places;
  for (const PatchObservations& at : observations.patches) {
    const auto [place, is_new] = places.try_emplace({at.of, at.key, at.layer});
    if (is_new) order.push_back(place->first);
    place->second.push_back(&at);
  }
  const double noise = std::fmax(observations.noise_floor, kLeastNoise);
  std::map<TaskLanguage, std::map<std::string, std::string>> units;
  std::vector<FlipResult> results;
  for (const PlaceKey& place : order) {
    std::vector<const PatchObservations*> there = places.at(place);
    std::ranges::stable_sort(there, {}, [](const PatchObservations* at) { return rank(at->control); });
    if (there.front()->control != kMain) continue;  // nothing to hold them against
    const TaskLanguage& of = std::get<TaskLanguage>(place);
    if (!units.contains(of)) units[of] = units_of(observations, of);
    for (const PatchObservations* at : there)
      results.push_back(result_of(*there.front(), *at, units.at(of), noise, bootstrap));
    add_absent(observations, *there.front(), there, results);
  }
  const auto family = [](const FlipResult& one) {
    return std::tuple(one.of.task, one.of.protocol, one.key, one.control);
  };
  correct(results, family, &FlipResult::p, benjamini_hochberg, &FlipResult::p_bh, &FlipResult::family);
  return results;
}

std::vector<PlaceResult> place_results(const std::vector<FlipResult>& flips) {
  std::vector<PlaceResult> places;
  for (const FlipResult& flip : flips) {
    if (flip.control == kMain) {
      places.push_back({.of = flip.of,
                        .key = flip.key,
                        .layer = flip.layer,
                        .items = flip.items,
                        .rate = flip.rate.value,
                        .recovery = flip.recovery});
      continue;
    }
    PlaceResult& place = places.back();  // main comes first at every place
    if (flip.control == kSelf) place.noise_rate = flip.rate.value;
    if (!rules_out(flip.control) || flip.items == 0) continue;
    // A control that repairs what main does not proves as little as one that repairs as much.
    const double p = flip.difference.value > 0 ? flip.p : 1;
    place.p = std::fmax(place.p, p);
    if (std::isnan(place.difference.value) || flip.difference.value < place.difference.value) {
      place.strongest = flip.control;
      place.difference = flip.difference;
    }
  }
  const auto family = [](const PlaceResult& one) { return std::tuple(one.of.task, one.of.protocol, one.key); };
  correct(places, family, &PlaceResult::p, benjamini_hochberg, &PlaceResult::p_bh, &PlaceResult::family);
  return places;
}

}  // namespace tertium
