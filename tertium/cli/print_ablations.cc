#include "tertium/cli/print_ablations.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <utility>

#include "tertium/base/text.h"
#include "tertium/cli/wrapped.h"

namespace tertium {
namespace {

/// A place and its control, null where there is none.
struct Pair {
  const AblationResult *main, *control;
};
using Pairs = std::vector<Pair>;

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

void print_language(const Analysis& analysis, const Pairs& pairs) {
  const bool is_pivot = pairs.front().main->of.language == analysis.pivot;
  const auto drawn =
      std::ranges::max_element(pairs, {}, [](const Pair& pair) { return pair.control ? pair.control->draws : 0; });
  fmt::print("  {}: {} items{}\n", printable(pairs.front().main->of.language), pairs.front().main->items,
             drawn->control ? fmt::format("; random: mean over draws, {} at most", drawn->control->draws) : "");
  fmt::print("  {:>6}{:>6}{:>7} {:<12}{:>7} {:<12}{:>5}{}\n", "block", "right", "change", "[95 %]", "random", "[95 %]",
             "p", is_pivot ? "" : cell("TS", 6) + cell("TF", 6) + cell("DALI", 6));
  for (const auto& [main, control] : pairs) {
    const std::string at =
        main->key.head < 0 ? std::to_string(main->key.layer) : fmt::format("{}.{}", main->key.layer, main->key.head);
    const Estimate difference = control ? control->difference : Estimate{};
    std::string line =
        fmt::format("  {:>6}{}{} {:<12}{} {:<12}{}", at, cell(percent(main->accuracy.value), 6),
                    cell(points(main->change.value), 7), range(main->change), cell(points(difference.value), 7),
                    range(difference), cell(control && !std::isnan(control->p_bh) ? number(control->p_bh, 2) : "", 5));
    if (!is_pivot)
      line += cell(percent(main->ts_kept.value), 6) + cell(percent(main->tf_repaired.value), 6) +
              cell(points(alignment_change(analysis, *main)), 6);
    fmt::print("{}\n", line);
  }
}

std::string title_of(const AblationKey& key) {
  return fmt::format("{}, {}{}{}", key.component, key.operation,
                     key.reference.empty() ? "" : " " + printable(key.reference),
                     key.position == "everywhere" ? "" : ", all rows but the first");
}

}  // namespace

void print_ablations(const Analysis& analysis, const Part& part) {
  constexpr std::size_t kMostHeads = 12;
  using Key = std::pair<std::string, std::string>;  // title, language
  const std::vector<const AblationResult*> all = part.of(analysis.ablations);
  std::map<Key, Pairs> tables;
  std::vector<Key> order;
  for (const AblationResult* one : all) {
    if (one->key.control != kMain) continue;
    AblationKey key = one->key;
    key.control = "random";
    const auto control = std::ranges::find_if(
        all, [&](const AblationResult* other) { return other->of == one->of && other->key == key; });
    const auto [table, is_new] = tables.try_emplace({title_of(one->key), one->of.language});
    if (is_new) order.push_back(table->first);
    table->second.push_back({one, control == all.end() ? nullptr : *control});
  }
  if (order.empty()) return;
  fmt::print("\n{}\n",
             wrapped("Ablations: % right with one place taken out; change from the clean run, in points; that less the "
                     "change by its random control (another block, another head of its block, a random direction), p "
                     "after Benjamini-Hochberg; % of TS items still right, of TF items right now; change of DALI, mean "
                     "over the layers behind"));
  for (const Key& key : order) {
    Pairs& pairs = tables.at(key);
    const bool are_heads = pairs.front().main->key.head >= 0 && pairs.size() > kMostHeads;
    if (are_heads) {
      std::ranges::stable_sort(pairs, std::less(), [](const Pair& pair) { return pair.main->change.value; });
      pairs.resize(kMostHeads);
    }
    fmt::print(" {}{}\n", key.first,
               are_heads ? fmt::format(", the {} that lose most (picked on these items)", kMostHeads) : "");
    print_language(analysis, pairs);
  }
}

}  // namespace tertium
