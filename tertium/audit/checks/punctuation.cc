// Premises without punctuation at their end. XCOPA's evaluations drop the last character, whatever it is.

#include "tertium/audit/characters.h"
#include "tertium/audit/check.h"
#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

bool lacks_it(const Item& item) {
  const Ending ending = ending_of(item.premise);
  return ending != Ending::punctuation && ending != Ending::none;
}

/// Whether the context holds the premise without a last character that is no punctuation.
bool is_cut(const Item& item) {
  if (!lacks_it(item)) return false;
  const std::string_view premise = strip(item.premise);
  return !item.context.starts_with(premise) && item.context.starts_with(drop_last_code_point(premise));
}

/// "a letter in 68 of them, a vowel sign or other mark in 32"
std::string what_is_cut(const std::vector<Item>& items) {
  std::size_t letters = 0, marks = 0, others = 0;
  for (const Item& item : items) {
    const Ending ending = ending_of(item.premise);
    letters += ending == Ending::letter;
    marks += ending == Ending::mark;
    others += ending == Ending::other;
  }
  std::vector<std::string> parts;
  for (const auto& [count, what] :
       {std::pair(letters, "a letter"), {marks, "a vowel sign or other mark"}, {others, "another character"}})
    if (count > 0) parts.push_back(fmt::format("{} in {}", what, count));
  return join(parts);
}

/// Of "items" for example a context ends where the answer begins.
bool mostly_lacks(const LanguageTexts& language) {
  return 2 * ids_where(language.items, lacks_it).size() > language.items.size();
}

std::vector<Finding> find(const TaskTexts& texts) {
  std::vector<Finding> findings;
  const bool pivot_lacks = mostly_lacks(texts.pivot());
  for (const LanguageTexts& language : texts.languages) {
    std::vector<std::string> ids = ids_where(language.items, lacks_it);
    if (ids.empty()) continue;
    const bool cut = !ids_where(language.items, is_cut).empty();
    if (!cut && (pivot_lacks || mostly_lacks(language))) continue;
    std::string message =
        fmt::format("In {} of {} items the premise ({} script) has no punctuation at its end", ids.size(),
                    language.items.size(), main_script(language.find(ids.front())->premise));
    message += cut ? fmt::format(
                         "; published evaluations and task.compat = \"lm-eval\" drop the last character there, "
                         "which is {}.",
                         what_is_cut(language.items))
                   : ".";
    const std::size_t count = ids.size();
    findings.push_back({.language = language.language,
                        .severity = cut ? Severity::warning : Severity::note,
                        .items = std::move(ids),
                        .count = count,
                        .of = language.items.size(),
                        .message = message});
  }
  return findings;
}

}  // namespace

extern const Check punctuation_check = {
    .name = "punctuation",
    .texts = find,
};

}  // namespace tertium
