// Items in another script than the rest of their language's, and words that mix scripts.

#include <algorithm>
#include <map>

#include "tertium/audit/characters.h"
#include "tertium/audit/check.h"
#include "tertium/base/error.h"

namespace tertium {
namespace {

std::string text_of(const Item& item) {
  std::string text = item.premise;
  for (const std::string& choice : item.choices) (text += '\n') += choice;
  return text;
}

std::vector<Finding> find(const TaskTexts& texts) {
  std::vector<Finding> findings;
  for (const LanguageTexts& language : texts.languages) {
    std::map<std::string, std::size_t> items_in;  // by script
    for (const Item& item : language.items)
      if (const std::string script = main_script(text_of(item)); !script.empty()) ++items_in[script];
    if (items_in.empty()) continue;
    const std::string usual =
        std::ranges::max_element(items_in, {}, [](const auto& entry) { return entry.second; })->first;
    const auto is_other = [&](const std::string& text) {
      const std::string script = main_script(text);
      return !script.empty() && script != usual;
    };
    const auto add = [&](Severity severity, std::vector<std::string> ids, const std::string& what) {
      if (ids.empty()) return;
      const std::size_t count = ids.size(), all = language.items.size();
      findings.push_back({.language = language.language,
                          .severity = severity,
                          .items = std::move(ids),
                          .count = count,
                          .of = all,
                          .message = fmt::format("In {} of {} items {}.", count, all, what)});
    };
    add(Severity::warning, ids_where(language.items, [&](const Item& item) { return is_other(text_of(item)); }),
        fmt::format("most letters are not of the language's usual script, {}", usual));
    add(Severity::note,
        ids_where(language.items,
                  [&](const Item& item) {
                    return !is_other(text_of(item)) &&
                           (is_other(item.premise) || std::ranges::any_of(item.choices, is_other));
                  }),
        fmt::format("the premise or an option is mainly in another script than {}, the language's usual one", usual));
    add(Severity::warning, ids_where(language.items, [](const Item& item) { return has_mixed_word(text_of(item)); }),
        "a word mixes Latin, Greek and Cyrillic letters, which look alike but are other tokens");
  }
  return findings;
}

}  // namespace

extern const Check script_check = {
    .name = "script",
    .texts = find,
    .plain = find,
};

}  // namespace tertium
