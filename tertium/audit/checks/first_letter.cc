// Options whose first letter is lower-cased behind the context, as XCOPA's evaluations do with the letters of English.

#include <algorithm>
#include <array>

#include "tertium/audit/check.h"
#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

constexpr std::string_view kDottedI = "İ";
constexpr std::array<std::string_view, 6> kDotlessLanguages = {"tr", "tur", "az", "azj", "aze", "crh"};

bool knows_dotless_i(const std::string& language) {
  const std::string name = language.substr(0, language.find('_'));
  return std::ranges::find(kDotlessLanguages, name) != kDotlessLanguages.end();
}

/// Whether an option that is lower-cased where it is scored begins with `letter`.
bool lowers(const Item& item, std::string_view letter) {
  for (std::size_t k = 0; k < std::min(item.choices.size(), item.options.size()); ++k)
    if (item.choices[k].starts_with(letter) && item.options[k] == " " + lower_first(item.choices[k])) return true;
  return false;
}

std::vector<Finding> find(const TaskTexts& texts) {
  std::vector<Finding> findings;
  const auto add = [&](const LanguageTexts& language, std::string_view letter, std::string_view becomes) {
    std::vector<std::string> ids = ids_where(language.items, [&](const Item& item) { return lowers(item, letter); });
    if (ids.empty()) return;
    const std::size_t count = ids.size();
    findings.push_back({.language = language.language,
                        .severity = Severity::warning,
                        .items = std::move(ids),
                        .count = count,
                        .of = language.items.size(),
                        .message = fmt::format("In {} of {} items an option begins with {}, which is lower-cased as in "
                                               "English, as published evaluations do: to {}.",
                                               count, language.items.size(), letter, becomes)});
  };
  for (const LanguageTexts& language : texts.languages) {
    add(language, kDottedI, "two code points, i and a combining dot above, where the language writes i");
    if (knows_dotless_i(language.language)) add(language, "I", "i, where the language writes ı");
  }
  return findings;
}

}  // namespace

extern const Check first_letter_check = {
    .name = "first_letter",
    .texts = find,
};

}  // namespace tertium
