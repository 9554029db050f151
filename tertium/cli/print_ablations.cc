#include "tertium/cli/print_ablations.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <tuple>

#include "tertium/base/text.h"
#include "tertium/cli/wrapped.h"

namespace tertium {
namespace {

using Results = std::vector<const AblationResult*>;
using Key = std::tuple<std::string, std::string, std::string>;  // component, rows, language

/// In points, with a sign.
std::string points(double share) { return std::isnan(share) ? "–" : fmt::format("{:+.0f}", 100 * share); }

std::string range(const Estimate& estimate) {
  return std::isnan(estimate.low) ? "" : fmt::format("[{:+.0f}, {:+.0f}]", 100 * estimate.low, 100 * estimate.high);
}

double alignment_change(const Analysis& analysis, const AblationResult& result) {
  for (const AblatedAlignmentResult& one : analysis.ablated_alignment)
    if (one.of == result.of && one.key == result.key && one.metric == "dali") return one.change.value;
  return kUnknown;
}

void print_language(const Analysis& analysis, const Results& results) {
  const bool is_pivot = results.front()->of.language == analysis.pivot;
  fmt::print("  {}: {} items\n", printable(results.front()->of.language), results.front()->items);
  fmt::print("  {:>7}{:>7}{:>8} {:<12}{:>8} {:<12}{}\n", "block", "right", "change", "[95 %]", "others", "[95 %]",
             is_pivot ? "" : cell("TS kept", 8) + cell("TF rep.", 8) + cell("DALI", 6));
  for (const AblationResult* one : results) {
    const std::string at =
        one->key.head < 0 ? std::to_string(one->key.layer) : fmt::format("{}.{}", one->key.layer, one->key.head);
    std::string line = fmt::format("  {:>7}{}{} {:<12}{} {:<12}", at, cell(percent(one->accuracy.value), 7),
                                   cell(points(one->change.value), 8), range(one->change),
                                   cell(points(one->over_others.value), 8), range(one->over_others));
    if (!is_pivot)
      line += cell(percent(one->ts_kept.value), 8) + cell(percent(one->tf_repaired.value), 8) +
              cell(points(alignment_change(analysis, *one)), 6);
    fmt::print("{}\n", line);
  }
}

}  // namespace

void print_ablations(const Analysis& analysis, const Part& part) {
  constexpr std::size_t kMostHeads = 12;
  std::map<Key, Results> tables;
  std::vector<Key> order;
  for (const AblationResult* one : part.of(analysis.ablations)) {
    const auto [table, is_new] = tables.try_emplace({one->key.component, one->key.position, one->of.language});
    if (is_new) order.push_back(table->first);
    table->second.push_back(one);
  }
  if (order.empty()) return;
  fmt::print("\n{}\n",
             wrapped("Ablations: % right with one place taken out; change from the clean run, in points; that change "
                     "less the mean change of the others of its kind (other blocks, or other heads of its block); % "
                     "of TS items still right, of TF items right now; change of DALI, mean over the layers behind"));
  for (const Key& key : order) {
    Results& results = tables.at(key);
    const auto& [component, position, language] = key;
    const bool are_heads = results.front()->key.head >= 0 && results.size() > kMostHeads;
    if (are_heads) {
      std::ranges::stable_sort(results, std::less(), [](const AblationResult* one) {
        return std::isnan(one->over_others.value) ? 1 : one->over_others.value;
      });
      results.resize(kMostHeads);
    }
    fmt::print(" {}{}{}\n", component, position == "everywhere" ? "" : ", all rows but the first",
               are_heads ? fmt::format(", the {} that lose most (picked on these items)", kMostHeads) : "");
    print_language(analysis, results);
  }
}

}  // namespace tertium
