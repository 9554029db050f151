#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "tertium/experiment/experiment.h"
#include "tertium/protocols/question.h"
#include "tertium/tasks/prompts.h"
#include "tertium/tokenizer/chat.h"

namespace tertium {

/// The task once for each order in which its options are listed; `items` are the pivot's.
std::vector<TaskSpec> variants_of(const TaskSpec& spec, const std::vector<Item>& items);

/// Asks the items of one task, in one of its orders, as its protocol does.
class Asker {
 public:
  /// Reads the letters template and, for a chat, the model's. Throws Error naming the file.
  Asker(const TaskSpec& spec, const std::filesystem::path& model);

  /// The chat template's, if the prompt is written by one.
  std::vector<std::filesystem::path> files() const;

  /// `examples` stand before the item, solved.
  Question question(const Tokenizer& tokenizer, const Item& item, const std::vector<Item>& examples) const;
  /// The same as text: each option, and what it continues.
  std::vector<ScoredText> texts(const Item& item, const std::vector<Item>& examples) const;

 private:
  const ChatTemplate* chat() const { return chat_ ? &*chat_ : nullptr; }

  TaskSpec spec_;
  LettersTemplate letters_;
  std::optional<ChatTemplate> chat_;
};

}  // namespace tertium
