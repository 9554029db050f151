#include "tertium/stats/layer_choice.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>
#include <utility>

#include "tertium/stats/groups.h"
#include "tertium/stats/random.h"
#include "tertium/stats/two_rates.h"

namespace tertium {
namespace {

using Values = std::vector<double>;
using Indices = std::vector<std::size_t>;

const double* row(const LayerValues& table, std::size_t item) { return table.values.data() + item * table.layers; }

void check([[maybe_unused]] const LayerValues& table) {
  assert(table.layers > 0 && table.values.size() == table.groups.size() * table.layers);
  assert(table.units.empty() || table.units.size() == table.groups.size());
}

bool all_zero_or_one(const Values& values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return value == 0 || value == 1; });
}

Indices numbers_up_to(std::size_t n) {
  Indices numbers(n);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

/// The items of each unit.
std::vector<Indices> items_by_unit(const LayerValues& table) {
  const std::size_t items = table.groups.size();
  std::vector<Indices> members;
  for (std::size_t item = 0; item < items; ++item) {
    const std::size_t unit = table.units.empty() ? item : table.units[item];
    if (unit >= members.size()) members.resize(unit + 1);
    members[unit].push_back(item);
  }
  return members;
}

/// The sum of some items' values at each layer.
Values layer_sums(const LayerValues& table, const Indices& items) {
  Values sums(table.layers);
  for (const std::size_t item : items)
    for (std::size_t layer = 0; layer < table.layers; ++layer) sums[layer] += row(table, item)[layer];
  return sums;
}

std::size_t first_largest(const Values& values) {
  return static_cast<std::size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

double mean(const Values& values) {
  return values.empty() ? NAN : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

Counts counts(const Values& values) {
  return {static_cast<std::size_t>(std::count(values.begin(), values.end(), 1.0)), values.size()};
}

/// The groups among some items, compared at one layer.
LayerChoice tested(const LayerValues& table, const Indices& items, std::size_t layer, bool rates) {
  Values first, second;
  for (const std::size_t item : items)
    if (table.groups[item] != Group::neither)
      (table.groups[item] == Group::first ? first : second).push_back(row(table, item)[layer]);
  LayerChoice choice{.layer = layer, .difference = mean(first) - mean(second)};
  if (rates) {
    const PooledZ test = two_proportion_z(counts(first), counts(second));
    choice.z = test.z, choice.p = test.greater;
  } else {
    choice.p = mann_whitney(first, second).greater;
  }
  return choice;
}

double median(Values values) {
  if (values.empty()) return NAN;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// Two parts of all items, by whole units.
std::pair<Indices, Indices> halves(const std::vector<Indices>& members, Random& random) {
  Indices order = numbers_up_to(members.size());
  std::pair<Indices, Indices> halves;
  for (std::size_t i = 0; i < order.size(); ++i) {
    std::swap(order[i], order[i + below(random, order.size() - i)]);
    Indices& half = i < order.size() / 2 ? halves.first : halves.second;
    half.insert(half.end(), members[order[i]].begin(), members[order[i]].end());
  }
  return halves;
}

}  // namespace

LayerChoice study_choice(const LayerValues& table) {
  check(table);
  const Indices items = numbers_up_to(table.groups.size());
  return tested(table, items, first_largest(layer_sums(table, items)), all_zero_or_one(table.values));
}

LayerChoice split_half(const LayerValues& table, const SplitHalfOptions& options) {
  check(table);
  Random random(options.seed);
  const std::vector<Indices> members = items_by_unit(table);
  const bool rates = all_zero_or_one(table.values);
  Values chosen(table.layers), differences, z, p;
  bool any = false;
  for (std::size_t split = 0; split < options.splits; ++split) {
    const auto [choosing, testing] = halves(members, random);
    const LayerChoice found = tested(table, testing, first_largest(layer_sums(table, choosing)), rates);
    ++chosen[found.layer];
    if (!std::isnan(found.difference)) differences.push_back(found.difference);
    if (!std::isnan(found.z)) z.push_back(found.z);
    p.push_back(std::isnan(found.p) ? 1 : found.p);
    any |= !std::isnan(found.p);
  }
  return {.layer = first_largest(chosen),
          .difference = mean(differences),
          .z = median(std::move(z)),
          .p = any ? std::min(1.0, 2 * median(std::move(p))) : NAN};
}

}  // namespace tertium
