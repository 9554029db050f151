#include "tertium/experiment/asker.h"

#include <fmt/format.h>

#include <algorithm>

#include "tertium/base/text.h"
#include "tertium/formats/model_path.h"
#include "tertium/protocols/scored_texts.h"
#include "tertium/tasks/task.h"

namespace tertium {

std::vector<TaskSpec> variants_of(const TaskSpec& spec, const std::vector<Item>& items) {
  TaskSpec variant = spec;
  variant.variant = join(spec.symbols, "");
  if (spec.orders.kind == Orders::Kind::as_given) return {variant};
  const std::size_t options = items.front().options.size();
  if (spec.symbols.empty()) {
    const LettersTemplate letters = letters_template(task_named(spec.name), spec.prompt);
    for (std::size_t k = 0; k < std::min(options, letters.letters.size()); ++k)
      variant.variant += strip(letters.letters[k]);
  }
  std::vector<TaskSpec> variants;
  for (const OptionOrder& order : option_orders(spec.orders, options)) {
    variants.push_back(variant);
    variants.back().order = order;
    variants.back().variant += fmt::format(":{}", fmt::join(order, options > 10 ? "-" : ""));
  }
  return variants;
}

Asker::Asker(const TaskSpec& spec, const std::filesystem::path& model) : spec_(spec) {
  if (spec.protocol == Protocol::letters) letters_ = letters_template(task_named(spec.name), spec.prompt);
  if (!spec.symbols.empty()) letters_ = with_symbols(letters_, spec.symbols);
  letters_.order = spec.order;
  if (!spec.chat) return;
  chat_ = ChatTemplate::open(find_model(model.string()));
  // The answer begins the model's turn, so that no space stands before it.
  if (spec.prompt.empty())
    for (std::string& letter : letters_.letters) letter.erase(0, letter.find_first_not_of(' '));
}

std::vector<std::filesystem::path> Asker::files() const {
  return chat_ ? chat_->files : std::vector<std::filesystem::path>{};
}

Question Asker::question(const Tokenizer& tokenizer, const Item& item, const std::vector<Item>& examples) const {
  return spec_.protocol == Protocol::loglik ? loglik_question(tokenizer, spec_.name, item, examples)
                                            : letters_question(tokenizer, spec_.name, item, letters_, chat(), examples);
}

std::vector<ScoredText> Asker::texts(const Item& item, const std::vector<Item>& examples) const {
  if (spec_.protocol == Protocol::letters) return letters_texts(item, letters_, chat(), examples);
  std::vector<ScoredText> texts = loglik_texts(item, examples);
  for (ScoredText& text : texts) text = at_joint(std::move(text));
  return texts;
}

}  // namespace tertium
