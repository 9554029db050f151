// The right option is always or mostly in one place.

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <map>

#include "tertium/audit/check.h"
#include "tertium/base/error.h"

namespace tertium {
namespace {

constexpr std::size_t kFewestItems = 10;
constexpr double kLevel = 0.05;
constexpr double kMostly = 1.5;  // times chance

/// Of the null hypothesis that every place is as likely: exact and two-sided for two places, else Pearson's chi-square.
double p_of_even(const std::vector<std::size_t>& counts, std::size_t n) {
  const auto total = static_cast<double>(n);
  if (counts.size() == 2) {
    const boost::math::binomial even(total, 0.5);
    return std::min(1.0, 2 * boost::math::cdf(even, static_cast<double>(std::ranges::min(counts))));
  }
  const double expected = total / static_cast<double>(counts.size());
  double statistic = 0;
  for (const std::size_t count : counts)
    statistic += (static_cast<double>(count) - expected) * (static_cast<double>(count) - expected) / expected;
  const boost::math::chi_squared distribution(static_cast<double>(counts.size() - 1));
  return boost::math::cdf(boost::math::complement(distribution, statistic));
}

/// How often gold stands at each place, of the items with the most usual number of options.
std::vector<std::size_t> gold_counts(const std::vector<Item>& items) {
  std::map<std::size_t, std::vector<std::size_t>> by_options;
  for (const Item& item : items) {
    std::vector<std::size_t>& counts = by_options[item.options.size()];
    counts.resize(item.options.size());
    ++counts[item.gold];
  }
  std::vector<std::size_t> most;
  std::size_t items_of_most = 0;
  for (const auto& [options, counts] : by_options) {
    std::size_t n = 0;
    for (const std::size_t count : counts) n += count;
    if (n > items_of_most) items_of_most = n, most = counts;
  }
  return most;
}

std::vector<Finding> find(const TaskTexts& texts) {
  // Parallel files share their golds, and where they do not the check `parallel` says so.
  const auto first =
      std::ranges::find_if(texts.languages, [](const LanguageTexts& language) { return !language.items.empty(); });
  if (first == texts.languages.end()) return {};
  const std::vector<std::size_t> counts = gold_counts(first->items);
  std::size_t n = 0;
  for (const std::size_t count : counts) n += count;
  if (n < kFewestItems) return {};
  const double p = p_of_even(counts, n);
  if (p >= kLevel) return {};
  const auto most = std::ranges::max_element(counts);
  const double share = static_cast<double>(*most) / static_cast<double>(n);
  const Severity severity = *most == n                                              ? Severity::error
                            : share * static_cast<double>(counts.size()) >= kMostly ? Severity::warning
                                                                                    : Severity::note;
  return {{.severity = severity,
           .count = *most,
           .of = n,
           .message = fmt::format("Gold is option 1, 2 … in {} items (p = {:.2g} if each were as likely): always "
                                  "answering option {} is right in {:.0f} %, where chance is {:.0f} %.",
                                  fmt::join(counts, ", "), p, most - counts.begin() + 1, 100 * share,
                                  100 / static_cast<double>(counts.size()))}};
}

}  // namespace

extern const Check gold_place_check = {
    .name = "gold_place",
    .texts = find,
};

}  // namespace tertium
