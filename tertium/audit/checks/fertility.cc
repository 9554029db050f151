// How many tokens the same premises take in each language.

#include <map>

#include "tertium/audit/characters.h"
#include "tertium/audit/check.h"
#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

struct Sizes {
  double tokens = 0, words = 0, characters = 0;
};

using SizesOfItems = std::map<std::string, Sizes>;  // by id

void add(Sizes& sum, const Sizes& one) {
  sum.tokens += one.tokens;
  sum.words += one.words;
  sum.characters += one.characters;
}

/// Of the premises.
SizesOfItems sizes(const PreparedLanguage& language, std::size_t special) {
  SizesOfItems all;
  for (std::size_t i = 0; i < language.items.size(); ++i) {
    const std::string& premise = language.items[i].premise;
    all[language.items[i].id] = {
        static_cast<double>(language.premises[i].context.size()) - static_cast<double>(special),
        static_cast<double>(count_words(premise)), static_cast<double>(code_points(premise))};
  }
  return all;
}

std::vector<Finding> find(const TaskTokens& tokens) {
  const PreparedLanguage& pivot = tokens.task.pivot;
  const SizesOfItems in_pivot = sizes(pivot, tokens.special);
  Sizes whole;
  for (const auto& [id, one] : in_pivot) add(whole, one);
  if (whole.words <= 0 || whole.tokens <= 0) return {};
  std::vector<std::string> parts;
  for (const PreparedLanguage& language : tokens.task.others) {
    Sizes here, there;  // of the items that both have
    for (const auto& [id, one] : sizes(language, tokens.special)) {
      const auto counterpart = in_pivot.find(id);
      if (counterpart == in_pivot.end()) continue;
      add(here, one);
      add(there, counterpart->second);
    }
    if (there.tokens <= 0 || here.words <= 0) continue;
    parts.push_back(fmt::format("{} {:.2f} ({:.2f} a word, {:.2f} a character)", language.language,
                                here.tokens / there.tokens, here.tokens / here.words, here.tokens / here.characters));
  }
  if (parts.empty()) return {};
  return {{.severity = Severity::note,
           .count = pivot.items.size(),
           .of = pivot.items.size(),
           .message =
               fmt::format("Tokens of the premises, as a multiple of those in {} ({:.2f} a word, {:.2f} a "
                           "character): {}.",
                           pivot.language, whole.tokens / whole.words, whole.tokens / whole.characters, join(parts))}};
}

}  // namespace

extern const Check fertility_check = {
    .name = "fertility",
    .tokens = find,
};

}  // namespace tertium
