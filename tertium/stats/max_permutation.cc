#include "tertium/stats/max_permutation.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "tertium/stats/random.h"
#include "tertium/stats/ties.h"

namespace tertium {
namespace {

using Values = std::vector<double>;
using Indices = std::vector<std::size_t>;

double largest_distance_from_zero(const Values& values) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

/// Units with equally many items, which exchange their labels.
struct Exchangeable {
  std::vector<Indices> members;  // the items of each unit
  /// Which of a unit's items are in the smaller group, for each unit that has any.
  std::vector<Indices> patterns;
  Indices order;  // of the units, shuffled further in every permutation
};

/// What sums over the smaller group's items say of the groups' difference at each layer: slope * sum + offset.
struct Differences {
  double slope = 0;
  Values offset;  // [layers]

  double largest(const Values& sums) const {
    double largest = -std::numeric_limits<double>::infinity();
    for (std::size_t layer = 0; layer < sums.size(); ++layer)
      largest = std::max(largest, slope * sums[layer] + offset[layer]);
    return largest;
  }
};

void add(const LayerValues& table, std::size_t item, Values& sums) {
  const double* values = table.values.data() + item * table.layers;
  double* sum = sums.data();
  for (std::size_t layer = 0; layer < table.layers; ++layer) sum[layer] += values[layer];
}

Values sums_of(const LayerValues& table, Group group) {
  Values sums(table.layers);
  for (std::size_t item = 0; item < table.groups.size(); ++item)
    if (table.groups[item] == group) add(table, item, sums);
  return sums;
}

std::size_t size_of(const LayerValues& table, Group group) {
  return static_cast<std::size_t>(std::count(table.groups.begin(), table.groups.end(), group));
}

Differences differences(const LayerValues& table, Group smaller) {
  const auto first = static_cast<double>(size_of(table, Group::first)),
             second = static_cast<double>(size_of(table, Group::second));
  const double sign = smaller == Group::first ? 1 : -1;
  Differences result{.slope = sign * (1 / first + 1 / second), .offset = sums_of(table, Group::first)};
  const Values others = sums_of(table, Group::second);
  for (std::size_t layer = 0; layer < table.layers; ++layer)
    result.offset[layer] = -sign * (result.offset[layer] + others[layer]) / (sign > 0 ? second : first);
  return result;
}

std::vector<Exchangeable> exchangeable_units(const LayerValues& table, Group smaller) {
  std::map<std::size_t, Indices> units;  // items in one of the groups
  for (std::size_t item = 0; item < table.groups.size(); ++item)
    if (table.groups[item] != Group::neither) units[table.units.empty() ? item : table.units[item]].push_back(item);
  std::map<std::size_t, Exchangeable> by_size;
  for (const auto& [unit, items] : units) {
    Exchangeable& alike = by_size[items.size()];
    alike.order.push_back(alike.members.size());
    alike.members.push_back(items);
    Indices pattern;
    for (std::size_t i = 0; i < items.size(); ++i)
      if (table.groups[items[i]] == smaller) pattern.push_back(i);
    if (!pattern.empty()) alike.patterns.push_back(pattern);
  }
  std::vector<Exchangeable> all;
  for (auto& [size, alike] : by_size) all.push_back(std::move(alike));
  return all;
}

/// Gives the smaller group's labels to random units and adds up the items that bear them.
void add_permuted(const LayerValues& table, Exchangeable& units, Random& random, Values& sums) {
  for (std::size_t i = 0; i < units.patterns.size(); ++i) {
    std::swap(units.order[i], units.order[i + below(random, units.order.size() - i)]);
    const Indices& items = units.members[units.order[i]];
    for (const std::size_t member : units.patterns[i]) add(table, items[member], sums);
  }
}

}  // namespace

LayerChoice max_permutation(const LayerValues& table, const MaxPermutationOptions& options) {
  assert(table.layers > 0 && table.values.size() == table.groups.size() * table.layers);
  const std::size_t first = size_of(table, Group::first), second = size_of(table, Group::second);
  if (first == 0 || second == 0) return {};
  const Group smaller = first <= second ? Group::first : Group::second;
  const Differences from_sums = differences(table, smaller);
  std::vector<Exchangeable> units = exchangeable_units(table, smaller);

  Values sums = sums_of(table, smaller);
  LayerChoice choice{.difference = from_sums.largest(sums)};
  const double reached = choice.difference - kAlike * largest_distance_from_zero(table.values);
  while (from_sums.slope * sums[choice.layer] + from_sums.offset[choice.layer] < reached) ++choice.layer;

  Random random(options.seed);
  std::size_t hits = 0;
  for (std::size_t permutation = 0; permutation < options.permutations; ++permutation) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (Exchangeable& alike : units) add_permuted(table, alike, random, sums);
    hits += from_sums.largest(sums) >= reached;
  }
  choice.p = static_cast<double>(hits + 1) / static_cast<double>(options.permutations + 1);
  return choice;
}

}  // namespace tertium
