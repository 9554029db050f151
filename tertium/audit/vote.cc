#include "tertium/audit/vote.h"

#include <algorithm>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {

Vote::Vote(const TaskTexts& texts, ItemsOf items, const Says& says, const std::set<std::string>& silent)
    : texts_(texts), items_(items), says_(says) {
  std::map<std::string, std::map<std::string, std::set<std::string>>> said;  // item → what → languages
  const bool all_silent = std::ranges::all_of(texts.languages, [&](const LanguageTexts& language) {
    return items(language).empty() || silent.contains(language.language);
  });
  for (const LanguageTexts& language : texts.languages)
    if (all_silent || !silent.contains(language.language))
      for (const Item& item : items(language)) said[item.id][says(item)].insert(language.language);
  const std::string& pivot = texts.pivot().language;
  for (const auto& [item, by_word] : said) {
    // Of equally many the side of the pivot.
    const auto most = std::ranges::max_element(
        by_word, {}, [&](const auto& entry) { return std::pair(entry.second.size(), entry.second.contains(pivot)); });
    const bool tied =
        std::ranges::count(by_word, most->second.size(), [](const auto& entry) { return entry.second.size(); }) > 1;
    ballots_[item] = {most->first, most->second, tied};
  }
}

std::vector<Vote::Dissent> Vote::dissent(const LanguageTexts& language) const {
  std::vector<Dissent> found;
  for (const Item& item : items_(language)) {
    const auto ballot = ballots_.find(item.id);
    const std::string here = says_(item);
    if (ballot != ballots_.end() && ballot->second.most != here)
      found.push_back({item.id, here, ballot->second.most, ballot->second.tied});
  }
  return found;
}

std::string Vote::majority(const std::vector<Dissent>& items) const {
  std::vector<std::string> languages;
  for (const LanguageTexts& language : texts_.languages)
    if (std::ranges::all_of(items, [&](const Dissent& dissent) {
          return ballots_.at(dissent.item).languages.contains(language.language);
        }))
      languages.push_back(language.language);
  const bool tied = std::ranges::all_of(items, &Dissent::tied);
  return fmt::format("that of the {}{}", tied ? "pivot's side" : "majority",
                     languages.empty() ? "" : " (" + join(languages) + ")");
}

std::vector<std::string> ids_of(const std::vector<Vote::Dissent>& items) {
  std::vector<std::string> ids;
  for (const Vote::Dissent& dissent : items) ids.push_back(dissent.item);
  return ids;
}

}  // namespace tertium
