#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/protocols/positions.h"
#include "tertium/protocols/protocol.h"
#include "tertium/tasks/item.h"
#include "tertium/tokenizer/tokenizer.h"

namespace tertium {

class ChatTemplate;      // tokenizer/chat.h
struct LettersTemplate;  // tasks/prompts.h

/// An item as the model is asked it: token ids.
struct Question {
  std::string name;  // "xcopa it, item 12"; for error messages
  Protocol protocol = Protocol::loglik;
  std::vector<TokenId> context;               // loglik: the context; letters: the whole prompt
  std::vector<std::vector<TokenId>> options;  // loglik: each option's own ids; letters: the letter's last id
  std::vector<int> unscored;                  // [n_options] loglik: how many of an option's first ids only stand before
                                              // what is scored (Item::scored_from); empty: none of any
  NamedRows positions;                        // rows of `context`; of this item where examples stand before it
  std::vector<std::string> option_texts;      // as they are scored: how long they are decides by some rules
  ScoreRule rule = ScoreRule::sum;            // which decides the answer

  // What is to be known of the item before it runs.
  bool joint_swallowed = false;    // a token of context + option spans the joint
  bool is_cut = false;             // a text of the item lost tokens to fit the model
  bool spells_bos = false;         // its own text begins with BOS, so that none is put before it
  bool identical_options = false;  // two are one text, or one to the model: no answer is the right one

  /// How many of an option's ids are summed up.
  std::size_t scored_tokens(std::size_t option) const { return options[option].size() - first_scored(option); }
  std::size_t first_scored(std::size_t option) const {
    return unscored.empty() ? 0 : static_cast<std::size_t>(unscored[option]);
  }
  int last_row() const { return static_cast<int>(context.size()) - 1; }  // predicts the answer
};

/// A text with the tokens that the tokenizer puts around it (BOS).
struct Prompt {
  Encoding encoding;
  bool spells_bos = false;  // the text begins with BOS, as chat templates' do, and gets no second one
};

Prompt read_prompt(const Tokenizer& tokenizer, std::string_view text);
/// Its ids.
std::vector<TokenId> encode_prompt(const Tokenizer& tokenizer, std::string_view text);

/// `context` and its continuations as ids; trailing white space of the context belongs to the continuations. Option k's
/// ids are those of context + option behind the context's own. `marks` are the context's. Throws Error naming `name` if
/// a continuation has no token of its own: it is empty, or only lengthens the context's last token.
Question encode_continuations(const Tokenizer& tokenizer, const std::string& name, std::string context,
                              const std::vector<std::string>& options, const TextMarks& marks = {});

/// An option of protocol loglik as text: `scored`, behind `before`.
struct ScoredText {
  std::string before, scored;
};

/// The options of an item as loglik_question asks them. What stands before them is the same for all, unless they fill a
/// blank.
std::vector<ScoredText> loglik_texts(const Item& item, const std::vector<Item>& examples = {});

/// `examples` stand before the item, each solved and behind it a blank line.
Question loglik_question(const Tokenizer& tokenizer, const std::string& task, const Item& item,
                         const std::vector<Item>& examples = {});

/// With `chat`, the prompt is a user's turn in a chat, and the answer begins the model's; each example is a user's
/// turn, too, and its letter the model's answer. A letter is read at its last token; where it takes several, the first
/// ones stand behind the prompt. Throws Error naming the template if two letters end in the same token, or differ in
/// one before it.
Question letters_question(const Tokenizer& tokenizer, const std::string& task, const Item& item,
                          const LettersTemplate& letters, const ChatTemplate* chat = nullptr,
                          const std::vector<Item>& examples = {});

/// What a model can take.
struct Limits {
  int context;     // tokens
  int vocabulary;  // ids
};

/// Whether a prompt with its longest option exceeds the context.
bool is_too_long(const Question& question, const Limits& limits);

/// Throws Error naming the item if a prompt with its longest option exceeds the context, or if the tokenizer gives an
/// id that the model has no embedding for.
void demand_fits(const Question& question, const Limits& limits);

/// Drops the first tokens of a prompt that is too long for the model, though not the BOS before them, and says whether
/// it had to. At least one token is left; demand_fits tells if that does not do.
bool truncate_left(Question& question, const Limits& limits, const Tokenizer& tokenizer);

}  // namespace tertium
