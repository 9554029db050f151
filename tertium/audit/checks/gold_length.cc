// The right option is known by its length.

#include <algorithm>

#include "tertium/audit/check.h"
#include "tertium/base/error.h"
#include "tertium/base/squeezed.h"
#include "tertium/base/text.h"
#include "tertium/stats/rates.h"

namespace tertium {
namespace {

constexpr std::size_t kFewestItems = 20;
constexpr double kMuch = 0.1;  // above chance

struct LengthCounts {
  std::size_t gold = 0, n = 0;  // items whose longest (shortest) option is gold, of those where one is
  double chance = 0;            // the mean over them of 1 / options
};

LengthCounts count(const std::vector<Item>& items, bool longest) {
  LengthCounts counts;
  for (const Item& item : items) {
    std::vector<std::size_t> lengths;
    for (const std::string& choice : item.choices) lengths.push_back(code_points(squeezed(choice)));
    const auto extreme = longest ? std::ranges::max_element(lengths) : std::ranges::min_element(lengths);
    if (extreme == lengths.end() || std::ranges::count(lengths, *extreme) > 1) continue;
    ++counts.n;
    counts.gold += static_cast<std::size_t>(extreme - lengths.begin()) == item.gold;
    counts.chance += 1 / static_cast<double>(lengths.size());
  }
  if (counts.n > 0) counts.chance /= static_cast<double>(counts.n);
  return counts;
}

/// Only where gold is the longest (shortest) more often than by chance: that rule then earns points.
void add(const LanguageTexts& language, bool longest, std::vector<Finding>& findings) {
  const LengthCounts counts = count(language.items, longest);
  if (counts.n < kFewestItems) return;
  const Rate rate = wilson(counts.gold, counts.n);
  if (rate.low <= counts.chance) return;
  const bool much = rate.value >= counts.chance + kMuch;
  findings.push_back(
      {.language = language.language,
       .severity = much ? Severity::warning : Severity::note,
       .count = counts.gold,
       .of = counts.n,
       .message = fmt::format("Gold is the {} option in {} of the {} items that have one: {:.0f} % [{:.0f}, {:.0f}], "
                              "where chance is {:.0f} %; who goes by length alone scores that.",
                              longest ? "longest" : "shortest", counts.gold, counts.n, 100 * rate.value, 100 * rate.low,
                              100 * rate.high, 100 * counts.chance)});
}

std::vector<Finding> find(const TaskTexts& texts) {
  std::vector<Finding> findings;
  for (const LanguageTexts& language : texts.languages)
    for (const bool longest : {true, false}) add(language, longest, findings);
  return findings;
}

}  // namespace

extern const Check gold_length_check = {
    .name = "gold_length",
    .texts = find,
};

}  // namespace tertium
