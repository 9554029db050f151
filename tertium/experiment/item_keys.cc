#include "tertium/experiment/item_keys.h"

#include "tertium/base/hash.h"
#include "tertium/experiment/run.h"
#include "tertium/protocols/answer.h"

namespace tertium {
namespace {

void add_text(Hasher& hasher, const Question& text) {
  hasher.add(text.context).add(static_cast<std::int64_t>(text.options.size()));
  for (const std::vector<TokenId>& option : text.options) hasher.add(option);
}

std::string asked_key(const Item& item, const Question& question) {
  Hasher hasher;
  hasher.add(item.id).add(static_cast<std::int64_t>(item.gold));
  add_text(hasher, question);
  hasher.add(static_cast<std::int64_t>(question.protocol)).add(static_cast<std::int64_t>(question.rule));
  hasher.add(question.unscored).add(static_cast<std::int64_t>(question.identical_options));
  for (const std::string& option : question.option_texts) {
    const TextLength length = length_of(option);
    hasher.add(static_cast<std::int64_t>(length.characters)).add(static_cast<std::int64_t>(length.bytes));
  }
  for (const auto& [name, rows] : question.positions) hasher.add(name).add(rows);
  return hasher.hex();
}

}  // namespace

ItemKeys keys_of(const PreparedLanguage& language) {
  ItemKeys keys;
  for (std::size_t i = 0; i < language.items.size(); ++i) {
    keys.asked.push_back(asked_key(language.items[i], language.questions[i]));
    Hasher texts;
    add_text(texts, language.statements.empty() ? language.questions[i] : language.statements[i]);
    if (!language.premises.empty()) texts.add(language.premises[i].context);
    keys.texts.push_back(texts.hex());
  }
  return keys;
}

}  // namespace tertium
