// Texts that are the same in two languages.

#include <algorithm>
#include <map>
#include <set>

#include "tertium/audit/characters.h"
#include "tertium/audit/check.h"
#include "tertium/base/error.h"
#include "tertium/base/squeezed.h"

namespace tertium {
namespace {

constexpr std::size_t kFewestWords = 3;   // names and numbers are the same in many languages
constexpr std::size_t kMostByChance = 3;  // items
constexpr double kMostOfAll = 0.02;

using TextsOfItem = std::set<std::string>;

TextsOfItem texts_of(const Item& item) {
  TextsOfItem texts = {squeezed(item.premise)};
  for (const std::string& choice : item.choices) texts.insert(squeezed(choice));
  return texts;
}

/// Whether they share a text that is long enough to tell.
bool share(const TextsOfItem& here, const TextsOfItem& there) {
  return std::ranges::any_of(
      here, [&](const std::string& text) { return there.contains(text) && count_words(text) >= kFewestWords; });
}

std::vector<Finding> find(const TaskTexts& texts) {
  std::vector<Finding> findings;
  std::vector<std::map<std::string, TextsOfItem>> by_item;  // by language, item
  for (const LanguageTexts& language : texts.languages) {
    auto& of_language = by_item.emplace_back();
    for (const Item& item : language.items) of_language[item.id] = texts_of(item);
  }
  for (std::size_t here = 1; here < by_item.size(); ++here) {
    for (std::size_t there = 0; there < here; ++there) {
      const LanguageTexts& language = texts.languages[here];
      std::vector<std::string> ids = ids_where(language.items, [&](const Item& item) {
        const auto other = by_item[there].find(item.id);
        return other != by_item[there].end() && share(by_item[here].at(item.id), other->second);
      });
      if (ids.empty()) continue;
      const std::size_t count = ids.size(), all = language.items.size();
      const bool many = count > kMostByChance && static_cast<double>(count) > kMostOfAll * static_cast<double>(all);
      if (there > 0 && !many) continue;  // names and titles, which the comparison with the pivot tells already
      findings.push_back(
          {.language = language.language,
           .severity = many ? Severity::warning : Severity::note,
           .items = std::move(ids),
           .count = count,
           .of = all,
           .message = fmt::format("In {} of {} items the premise or an option of at least {} words is the "
                                  "same text as in {}; is it translated?",
                                  count, all, kFewestWords, texts.languages[there].language)});
    }
  }
  return findings;
}

}  // namespace

extern const Check untranslated_check = {
    .name = "untranslated",
    .texts = find,
    .plain = find,
};

}  // namespace tertium
