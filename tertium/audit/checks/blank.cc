// Premises and options without a letter or digit, and texts that a conversion has damaged.

#include <algorithm>

#include "tertium/audit/characters.h"
#include "tertium/audit/check.h"
#include "tertium/base/error.h"

namespace tertium {
namespace {

template <class Holds>
bool any_text(const Item& item, const Holds& holds) {
  return holds(item.premise) || std::ranges::any_of(item.choices, holds);
}

std::vector<Finding> find(const TaskTexts& texts) {
  std::vector<Finding> findings;
  const auto add = [&](const LanguageTexts& language, std::vector<std::string> ids, std::string_view what) {
    if (ids.empty()) return;
    const std::size_t count = ids.size();
    findings.push_back(
        {.language = language.language,
         .severity = Severity::warning,
         .items = std::move(ids),
         .count = count,
         .of = language.items.size(),
         .message = fmt::format("In {} of {} items the premise or an option {}.", count, language.items.size(), what)});
  };
  for (const LanguageTexts& language : texts.languages) {
    add(language,
        ids_where(
            language.items,
            [](const Item& item) { return any_text(item, [](const std::string& text) { return !has_words(text); }); }),
        "has no letter or digit");
    add(language,
        ids_where(
            language.items,
            [](const Item& item) { return any_text(item, [](const std::string& text) { return is_damaged(text); }); }),
        "holds U+FFFD or a control character, so a conversion has lost or spoilt text");
  }
  return findings;
}

}  // namespace

extern const Check blank_check = {
    .name = "blank",
    .texts = find,
    .plain = find,
};

}  // namespace tertium
