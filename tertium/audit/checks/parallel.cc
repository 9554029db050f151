// The same items in all languages: ids, numbers of options, golds.

#include <algorithm>
#include <map>
#include <set>

#include "tertium/audit/check.h"
#include "tertium/audit/vote.h"
#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

void add_ids(const TaskTexts& texts, std::vector<Finding>& findings) {
  std::map<std::string, std::set<std::string>> holders;  // by item: the languages that have it
  std::vector<std::string> order;
  std::size_t readable = 0;
  for (const LanguageTexts& language : texts.languages) {
    readable += !language.file.items.empty();
    for (const Item& item : language.file.items) {
      if (holders[item.id].empty()) order.push_back(item.id);
      holders[item.id].insert(language.language);
    }
  }
  // Of equally many the side of the pivot.
  const auto is_common = [&](const std::string& id) {
    const std::size_t twice = 2 * holders[id].size();
    return twice > readable || (twice == readable && holders[id].contains(texts.pivot().language));
  };
  const auto common = static_cast<std::size_t>(std::ranges::count_if(order, is_common));
  for (const LanguageTexts& language : texts.languages) {
    if (language.file.items.empty()) continue;
    std::vector<std::string> missing, extra;
    for (const std::string& id : order) {
      const bool here = holders[id].contains(language.language), there = is_common(id);
      if (there && !here) missing.push_back(id);
      if (here && !there) extra.push_back(id);
    }
    const auto add = [&](std::vector<std::string> ids, std::size_t of, std::string_view what) {
      if (ids.empty()) return;
      const std::size_t count = ids.size();
      findings.push_back(
          {.language = language.language,
           .severity = Severity::error,
           .items = std::move(ids),
           .count = count,
           .of = of,
           .message = fmt::format("{} of {} items {}; a run refuses files that are not parallel.", count, of, what)});
    };
    add(missing, common, "that most of the languages have are not here");
    add(extra, language.file.items.size(), "are here but not in most of the languages");
  }
}

void add_dissent(const TaskTexts& texts, const std::string& what, const Vote::Says& says,
                 std::vector<Finding>& findings) {
  const Vote vote(texts, all_items, says);
  for (const LanguageTexts& language : texts.languages) {
    const std::vector<Vote::Dissent> dissent = vote.dissent(language);
    if (dissent.empty()) continue;
    findings.push_back({.language = language.language,
                        .severity = Severity::error,
                        .items = ids_of(dissent),
                        .count = dissent.size(),
                        .of = language.file.items.size(),
                        .message = fmt::format("In {} of {} items {} is not {} (the first: {} here, {} there); a run "
                                               "refuses files that are not parallel.",
                                               dissent.size(), language.file.items.size(), what, vote.majority(dissent),
                                               dissent.front().here, dissent.front().most)});
  }
}

std::vector<Finding> find(const TaskTexts& texts) {
  std::vector<Finding> findings;
  add_ids(texts, findings);
  add_dissent(
      texts, "the number of options", [](const Item& item) { return std::to_string(item.options.size()); }, findings);
  add_dissent(
      texts, "the gold option (0-based)", [](const Item& item) { return std::to_string(item.gold); }, findings);
  return findings;
}

}  // namespace

extern const Check parallel_check = {
    .name = "parallel",
    .texts = find,
};

}  // namespace tertium
