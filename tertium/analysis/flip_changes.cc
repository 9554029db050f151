#include "tertium/analysis/flip_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <tuple>

#include "tertium/analysis/conclusions.h"
#include "tertium/analysis/flip_results.h"
#include "tertium/analysis/groups.h"
#include "tertium/analysis/paired.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

/// As the alignment's last stream index tells it.
std::optional<int> block_count(const Observations& observations) {
  std::optional<int> most;
  for (const AlignmentObservations& at : observations.alignment)
    if (at.stream == "resid") most = std::max(most.value_or(0), at.layer);
  return most;
}

/// Where the second holds what stands at a place of the first.
class Counterparts {
 public:
  Counterparts(const Observations& first, const Observations& second)
      : first_blocks_(block_count(first)), second_blocks_(block_count(second)) {
    for (const PatchObservations& at : second.patches)
      if (at.control == kMain) places_[{at.of, at.key}].push_back(&at);
  }

  /// Null if there is none.
  const PatchObservations* of(const PatchObservations& place) const {
    const auto found = places_.find({place.of, place.key});
    if (found == places_.end()) return nullptr;
    const auto distance = [&](const PatchObservations* other) {
      if (!is_deeper()) return other->layer == place.layer ? 0.0 : 1.0;
      return std::abs((place.layer + 1.0) / *first_blocks_ - (other->layer + 1.0) / *second_blocks_);
    };
    const PatchObservations* nearest = *std::ranges::min_element(found->second, {}, distance);
    // With some blocks patched only, the nearest may be far away.
    const double most = is_deeper() ? 0.5 / std::min(*first_blocks_, *second_blocks_) : 0.0;
    constexpr double kRounding = 1e-9;
    return distance(nearest) <= most + kRounding ? nearest : nullptr;
  }

 private:
  bool is_deeper() const { return first_blocks_ && second_blocks_ && first_blocks_ != second_blocks_; }

  const std::optional<int> first_blocks_, second_blocks_;
  std::map<std::pair<TaskLanguage, PatchKey>, std::vector<const PatchObservations*>> places_;
};

/// What the controls of a run leave of main.
class Leads {
 public:
  explicit Leads(const Observations& observations) {
    for (const PatchObservations& at : observations.patches)
      if (rules_out(at.control)) controls_[{at.of, at.key, at.layer}].push_back(&at);
  }

  /// Of some items: main's rate less that of the control which leaves the least of it, paired by item.
  double of(const PatchObservations& main, const std::vector<std::string>& items) const {
    double least = kUnknown;
    const auto found = controls_.find({main.of, main.key, main.layer});
    if (found == controls_.end()) return least;
    for (const PatchObservations* control : found->second) {
      std::vector<double> leads;
      for (const std::string& item : items)
        if (const DrawCounts* counts = control->items.find(item))
          leads.push_back(main.items.at(item).rate() - counts->rate());
      if (!leads.empty()) least = std::fmin(least, mean(leads));
    }
    return least;
  }

 private:
  std::map<std::tuple<TaskLanguage, PatchKey, int>, std::vector<const PatchObservations*>> controls_;
};

/// "it, block 7 against 9: 12 % flip under a, 40 % under b, of 25 items"
std::string shown(const FlipChange& change) {
  const std::string blocks = change.first_layer == change.second_layer
                                 ? fmt::format("block {}", change.first_layer)
                                 : fmt::format("block {} against {}", change.first_layer, change.second_layer);
  return fmt::format("{}, {}: {} of {} flip under {}, {} under {}", printable(change.of.language), blocks,
                     in_percent(change.first_rate), change.n == 1 ? "1 item" : fmt::format("{} items", change.n),
                     change.first, in_percent(change.second_rate), change.second);
}

}  // namespace

std::vector<FlipChange> flip_changes(const NamedObservations& first, const NamedObservations& second,
                                     Bootstrap& bootstrap) {
  const Counterparts counterparts(first.observations, second.observations);
  const Leads leads(first.observations), other_leads(second.observations);
  const std::optional<int> blocks = block_count(first.observations);
  std::map<TaskLanguage, std::map<std::string, std::string>> units;
  std::vector<FlipChange> changes;
  for (const PatchObservations& place : first.observations.patches) {
    const PatchObservations* other = place.control == kMain ? counterparts.of(place) : nullptr;
    if (!other) continue;
    if (!units.contains(place.of)) units[place.of] = units_of(first.observations, place.of);
    std::vector<double> before, after;
    std::vector<std::string> items, clusters;
    for (const auto& [item, counts] : place.items) {
      const DrawCounts* in_other = other->items.find(item);
      if (!in_other) continue;
      items.push_back(item);
      before.push_back(counts.rate());
      after.push_back(in_other->rate());
      const auto unit = units.at(place.of).find(item);
      clusters.push_back(unit == units.at(place.of).end() ? item : unit->second);
    }
    if (before.empty()) continue;
    const PairedTest test = paired_test(after, before, clusters, /*are_single=*/true, bootstrap);  // main has one draw
    changes.push_back({.first = first.name,
                       .second = second.name,
                       .of = place.of,
                       .key = place.key,
                       .first_layer = place.layer,
                       .second_layer = other->layer,
                       .depth = blocks && *blocks > 0 ? (place.layer + 1.0) / *blocks : kUnknown,
                       .n = before.size(),
                       .first_rate = mean(before),
                       .second_rate = mean(after),
                       .first_lead = leads.of(place, items),
                       .second_lead = other_leads.of(*other, items),
                       .difference = test.difference,
                       .won = test.plus,
                       .lost = test.minus,
                       .p = test.p});
  }
  return changes;
}

void tell_flips(const std::vector<FlipChange>& changes, std::vector<std::string>& out) {
  const auto kind = [](const FlipChange& one) {
    return std::tuple(one.first, one.second, one.of.task, one.of.protocol, one.key);
  };
  std::map<decltype(kind(changes.front())), std::vector<const FlipChange*>> kinds;
  for (const FlipChange& change : changes) kinds[kind(change)].push_back(&change);
  for (const auto& [of, places] : kinds) {
    const FlipChange& smallest = **std::ranges::min_element(places, {}, &FlipChange::p_bh);
    const auto differ = std::ranges::count_if(places, [](const FlipChange* one) { return one->p_bh < kLevel; });
    const std::string name = fmt::format("{}, {}, {}", printable(smallest.of.task), printable(smallest.of.protocol),
                                         place_name(smallest.key));
    const std::string tests = smallest.family == 1 ? "1 test" : fmt::format("{} tests", smallest.family);
    if (differ == 0)
      out.push_back(
          fmt::format("{}: nowhere do flips of the same items differ ({}, Benjamini-Hochberg); the smallest adjusted p "
                      "is {:.3g}, {}.",
                      name, tests, smallest.p_bh, shown(smallest)));
    else
      out.push_back(
          fmt::format("{}: flips of the same items differ at {} of {} places after Benjamini-Hochberg; most "
                      "surely at {} (adjusted p {:.3g}).",
                      name, differ, places.size(), shown(smallest), smallest.p_bh));
  }
}

}  // namespace tertium
