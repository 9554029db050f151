// Sentences far longer or shorter than the pivot's: most often lines that have slipped, so that they say other things.

#include <algorithm>
#include <cmath>
#include <map>

#include "tertium/audit/check.h"
#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

constexpr double kTimes = 3;         // as long, or as short, as is usual in the language
constexpr std::size_t kFewest = 10;  // sentences, of which to know what is usual
constexpr double kMany = 0.02;

double length_of(const Item& item) { return static_cast<double>(code_points(item.premise)); }

std::vector<Finding> find(const TaskTexts& texts) {
  std::vector<Finding> findings;
  const LanguageTexts& pivot = texts.pivot();
  for (const LanguageTexts& language : texts.languages) {
    std::map<std::string, double> times;  // as long as the pivot's, by id
    std::vector<double> sorted;
    for (const Item& item : language.items)
      if (const Item* other = pivot.find(item.id); other && length_of(item) > 0 && length_of(*other) > 0)
        sorted.push_back(times[item.id] = length_of(item) / length_of(*other));
    if (&language == &pivot || sorted.size() < kFewest) continue;
    std::ranges::sort(sorted);
    const double usual = sorted[sorted.size() / 2], most = std::log(kTimes);
    std::vector<std::string> ids = ids_where(language.items, [&](const Item& item) {
      const auto own = times.find(item.id);
      return own != times.end() && std::abs(std::log(own->second / usual)) > most;
    });
    if (ids.empty()) continue;
    const std::size_t count = ids.size(), all = language.items.size();
    const bool many = static_cast<double>(count) > kMany * static_cast<double>(all);
    findings.push_back({.language = language.language,
                        .severity = many ? Severity::warning : Severity::note,
                        .items = std::move(ids),
                        .count = count,
                        .of = all,
                        .message = fmt::format("{} of {} items are more than {} times as long, or as short, beside {} "
                                               "as is usual ({:.1f} times); do the lines say the same?",
                                               count, all, kTimes, pivot.language, usual)});
  }
  return findings;
}

}  // namespace

extern const Check length_check = {
    .name = "length",
    .plain = find,
};

}  // namespace tertium
