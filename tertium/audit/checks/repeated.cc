// One text where there should be two: options of an item, items of a file.

#include <map>

#include "tertium/audit/check.h"
#include "tertium/base/error.h"
#include "tertium/base/squeezed.h"

namespace tertium {
namespace {

/// The ids of items whose text another one has, too.
template <class TextOf>
std::vector<std::string> sharing(const std::vector<Item>& items, const TextOf& text_of) {
  std::map<std::string, std::size_t> uses;
  for (const Item& item : items) ++uses[text_of(item)];
  return ids_where(items, [&](const Item& item) { return uses[text_of(item)] > 1; });
}

std::vector<Finding> find(const TaskTexts& texts) {
  std::vector<Finding> findings;
  for (const LanguageTexts& language : texts.languages) {
    const auto add = [&](Severity severity, std::vector<std::string> ids, std::string_view what) {
      if (ids.empty()) return;
      const std::size_t count = ids.size();
      findings.push_back({.language = language.language,
                          .severity = severity,
                          .items = std::move(ids),
                          .count = count,
                          .of = language.items.size(),
                          .message = fmt::format("{} of {} items {}.", count, language.items.size(), what)});
    };
    add(Severity::warning, ids_where(language.items, has_identical_options),
        "have two options of one text, so that no answer is right; they are scored, but in none of TS, TF, FS and FF");
    const std::vector<std::string> same = sharing(language.items, whole_question);
    add(Severity::warning, same, "are the same question as another one and count more than once");
    std::vector<std::string> premises =
        sharing(language.items, [](const Item& item) { return squeezed(item.premise); });
    if (premises != same)
      add(Severity::note, std::move(premises), "have the premise of another one; MEXAT cannot tell such items apart");
  }
  return findings;
}

}  // namespace

extern const Check repeated_check = {
    .name = "repeated",
    .texts = find,
    .plain = find,
};

}  // namespace tertium
