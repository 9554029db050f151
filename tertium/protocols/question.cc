#include "tertium/protocols/question.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/model/sizes.h"
#include "tertium/protocols/scored_texts.h"
#include "tertium/tasks/prompts.h"
#include "tertium/tokenizer/chat.h"

namespace tertium {
namespace {

const std::string kBetween = "\n\n";  // behind each example

std::string question_name(const std::string& task, const Item& item) {
  return fmt::format("{} {}, item {}", task, item.language, printable(item.id));
}

/// Cuts the trailing white space off `text` and returns it.
std::string cut_trailing_space(std::string& text) {
  const std::size_t end = end_of_words(text).value_or(0);
  std::string space = text.substr(end);
  text.resize(end);
  return space;
}

MarkedText plain_prompt(const LettersTemplate& letters, const Item& item, const std::vector<Item>& examples) {
  MarkedText prompt;
  for (const Item& example : examples)
    prompt.text += fill(letters, example).text + letter_of(letters, example.gold) + kBetween;
  append(prompt, fill(letters, item));
  return prompt;
}

MarkedText chat_prompt(const ChatTemplate& chat, const LettersTemplate& letters, const Item& item,
                       const std::vector<Item>& examples) {
  std::vector<Message> turns;
  for (const Item& example : examples) {
    turns.push_back({"user", fill(letters, example).text});
    turns.push_back({"assistant", letter_of(letters, example.gold)});
  }
  const MarkedText asked = fill(letters, item);
  turns.push_back({"user", asked.text});
  std::string rendered = render_chat(chat, turns, /*add_generation_prompt=*/true, kChatDate);
  TextMarks marks = marks_within(rendered, asked);
  return {std::move(rendered), std::move(marks)};
}

MarkedText letters_prompt(const LettersTemplate& letters, const Item& item, const ChatTemplate* chat,
                          const std::vector<Item>& examples) {
  return chat ? chat_prompt(*chat, letters, item, examples) : plain_prompt(letters, item, examples);
}

/// The last words of a text, for error messages.
std::string_view ending(std::string_view text) {
  constexpr std::size_t kBytes = 24;
  if (text.size() <= kBytes) return text;
  text.remove_prefix(text.size() - kBytes);
  while ((static_cast<unsigned char>(text.front()) & 0xC0) == 0x80) text.remove_prefix(1);  // not within a character
  return text;
}

/// Of the context with the longest option behind it.
int tokens_needed(const Question& question) {
  std::size_t longest = 0;
  if (question.protocol == Protocol::loglik)
    for (const std::vector<TokenId>& option : question.options) longest = std::max(longest, option.size());
  return static_cast<int>(question.context.size() + longest);
}

/// Puts a prompt's tokens and positions into a question; the tokens `behind` the text end no part of it.
void set_context(Question& question, const Tokenizer& tokenizer, std::string_view text, const TextMarks& marks,
                 const std::vector<TokenId>& behind = {}) {
  Prompt prompt = read_prompt(tokenizer, text);
  Encoding& encoding = prompt.encoding;
  question.spells_bos = prompt.spells_bos;
  encoding.ids.insert(encoding.ids.end(), behind.begin(), behind.end());
  encoding.offsets.resize(encoding.ids.size(), {text.size(), text.size()});
  question.positions = find_positions(encoding, marks);
  question.context = std::move(encoding.ids);
}

/// The tokens of a letter before its last one, which is read.
struct Lead {
  std::vector<TokenId> tokens;
  bool is_text = false;  // of the letter's own; not just of the space before it

  explicit Lead(const std::string& letter, const Encoding& encoding)
      : tokens(encoding.ids.begin(), encoding.ids.end() - 1) {
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      const auto [begin, end] = encoding.offsets[t];
      is_text |= !strip(std::string_view(letter).substr(begin, end - begin)).empty();
    }
  }
};

/// Sets what is read for each option: the last token of its letter. Returns the tokens that must stand behind the
/// prompt for that: where a letter takes several tokens, as one outside the vocabulary does, the first ones, if all
/// letters share them; without them its last byte would be read where no letter has begun.
std::vector<TokenId> set_letters(Question& question, const Tokenizer& tokenizer, const LettersTemplate& letters,
                                 std::size_t options) {
  std::set<TokenId> seen;
  std::optional<Lead> first;
  for (std::size_t k = 0; k < options; ++k) {
    const std::string& letter = letter_of(letters, k);
    const Encoding encoding = tokenizer.encode(letter, false);
    if (encoding.ids.empty() || !seen.insert(encoding.ids.back()).second)
      fail("{}: letter \"{}\" has no last token of its own in this vocabulary; choose other letters", letters.origin,
           printable(letter));
    const Lead lead(letter, encoding);
    if (!first) first = lead;
    if (lead.tokens != first->tokens)
      fail(
          "{}: the letters \"{}\" and \"{}\" differ before their last tokens, which alone are read; choose letters of "
          "one token each",
          letters.origin, printable(question.option_texts.front()), printable(letter));
    question.options.push_back({encoding.ids.back()});
    question.option_texts.push_back(letter);
  }
  return first && first->is_text ? first->tokens : std::vector<TokenId>{};
}

[[noreturn]] void fail_no_token(const std::string& name, std::string_view option, std::string_view context) {
  fail(
      "{}: option \"{}\" has no token of its own: with it the context \"…{}\" is no more tokens than without; begin "
      "the option with the space that joins them, or leave the item out",
      name, printable(option), printable(ending(context)));
}

[[noreturn]] void fail_no_context(const std::string& name) {
  fail("{}: the context is empty and the tokenizer adds no BOS; nothing predicts the option", name);
}

/// A sentence as a filling makes it, up to what is scored, and the scored ids behind that.
struct Filled {
  std::vector<TokenId> ids;
  std::size_t scored_from = 0;
  bool joint_swallowed = false;
};

/// As encode_continuations takes a context and an option.
Filled fill_in(const Tokenizer& tokenizer, const std::string& name, const ScoredText& option) {
  const ScoredText text = at_joint(option);
  Filled filled{encode_prompt(tokenizer, text.before)};
  filled.scored_from = filled.ids.size();
  const std::vector<TokenId> whole = encode_prompt(tokenizer, text.before + text.scored);
  if (whole.size() <= filled.scored_from) fail_no_token(name, option.scored, text.before);
  const auto joint = whole.begin() + static_cast<std::ptrdiff_t>(filled.scored_from);
  filled.joint_swallowed = !std::equal(whole.begin(), joint, filled.ids.begin());
  filled.ids.insert(filled.ids.end(), joint, whole.end());
  return filled;
}

/// How many ids all begin with, at most `most` and nothing that is scored.
std::size_t shared_ids(const std::vector<Filled>& all, std::size_t most) {
  for (const Filled& filled : all) most = std::min(most, filled.scored_from);
  std::size_t shared = 0;
  const auto agree = [&](const Filled& filled) { return filled.ids[shared] == all.front().ids[shared]; };
  while (shared < most && std::ranges::all_of(all, agree)) ++shared;
  return shared;
}

/// The examples, solved, and the item's context.
MarkedText loglik_context(const Item& item, const std::vector<Item>& examples) {
  MarkedText context;
  for (const Item& example : examples) context.text += example.context + example.options[example.gold] + kBetween;
  append(context, {item.context, item.context_marks});
  return context;
}

ScoredText scored_text(const std::string& context, const Item& item, std::size_t option) {
  const std::size_t from = item.scored_from.empty() ? 0 : item.scored_from[option];
  return {context + item.options[option].substr(0, from), item.options[option].substr(from)};
}

/// A question whose options are fillings of a blank, of which only the words behind it are scored. The context is what
/// the filled sentences begin with, in ids.
Question encode_fillings(const Tokenizer& tokenizer, const std::string& name, const MarkedText& before,
                         const Item& item) {
  std::string text = before.text;
  (void)cut_trailing_space(text);
  Question question{.name = name, .protocol = Protocol::loglik};
  set_context(question, tokenizer, text, before.marks);
  std::vector<Filled> all;
  for (std::size_t k = 0; k < item.options.size(); ++k) {
    ScoredText option = scored_text(before.text, item, k);
    all.push_back(fill_in(tokenizer, name, option));
    question.option_texts.push_back(std::move(option.scored));
  }
  const std::size_t shared = shared_ids(all, question.context.size());
  if (shared == 0) fail_no_context(name);
  const auto lost = static_cast<int>(question.context.size() - shared);
  if (lost > 0) question.positions = without_rows(question.positions, static_cast<int>(shared), lost);
  question.positions["last"] = {static_cast<int>(shared) - 1};
  question.joint_swallowed = lost > 0;
  const auto first = all.front().ids.begin();
  question.context.assign(first, first + static_cast<std::ptrdiff_t>(shared));
  for (std::size_t k = 0; k < all.size(); ++k) {
    question.joint_swallowed |= all[k].joint_swallowed;
    question.options.emplace_back(all[k].ids.begin() + static_cast<std::ptrdiff_t>(shared), all[k].ids.end());
    question.unscored.push_back(static_cast<int>(all[k].scored_from - shared));
  }
  return question;
}

}  // namespace

Prompt read_prompt(const Tokenizer& tokenizer, std::string_view text) {
  Prompt prompt{tokenizer.encode(text, true)};
  std::vector<TokenId>& ids = prompt.encoding.ids;
  std::vector<TextSpan>& offsets = prompt.encoding.offsets;
  const auto stands_for_nothing = [&](std::size_t t) { return offsets[t].begin == offsets[t].end; };
  // What was added stands for no text; the text's own BOS does. (lm-evaluation-harness 0.4.10 looks for it, too.)
  prompt.spells_bos = ids.size() > 1 && ids[0] == ids[1] && stands_for_nothing(0) && !stands_for_nothing(1);
  if (prompt.spells_bos) {
    ids.erase(ids.begin());
    offsets.erase(offsets.begin());
  }
  return prompt;
}

std::vector<TokenId> encode_prompt(const Tokenizer& tokenizer, std::string_view text) {
  return read_prompt(tokenizer, text).encoding.ids;
}

Question encode_continuations(const Tokenizer& tokenizer, const std::string& name, std::string context,
                              const std::vector<std::string>& options, const TextMarks& marks) {
  const std::string space = cut_trailing_space(context);
  Question question{.name = name, .protocol = Protocol::loglik};
  set_context(question, tokenizer, context, marks);
  if (question.context.empty()) fail_no_context(name);
  for (const std::string& option : options) {
    const std::vector<TokenId> whole = encode_prompt(tokenizer, context + space + option);
    if (whole.size() <= question.context.size()) fail_no_token(name, option, context);
    const auto joint = whole.begin() + static_cast<std::ptrdiff_t>(question.context.size());
    question.joint_swallowed |= !std::equal(whole.begin(), joint, question.context.begin());
    question.options.emplace_back(joint, whole.end());
    question.option_texts.push_back(option);
  }
  return question;
}

std::vector<ScoredText> loglik_texts(const Item& item, const std::vector<Item>& examples) {
  const std::string context = loglik_context(item, examples).text;
  std::vector<ScoredText> texts;
  for (std::size_t k = 0; k < item.options.size(); ++k) texts.push_back(scored_text(context, item, k));
  return texts;
}

ScoredText at_joint(ScoredText text) {
  const std::string space = cut_trailing_space(text.before);
  return {std::move(text.before), space + text.scored};
}

std::vector<ScoredText> letters_texts(const Item& item, const LettersTemplate& letters, const ChatTemplate* chat,
                                      const std::vector<Item>& examples) {
  const std::string prompt = letters_prompt(letters, item, chat, examples).text;
  std::vector<ScoredText> texts;
  for (std::size_t k = 0; k < item.options.size(); ++k) texts.push_back({prompt, letter_of(letters, k)});
  return texts;
}

Question loglik_question(const Tokenizer& tokenizer, const std::string& task, const Item& item,
                         const std::vector<Item>& examples) {
  const MarkedText context = loglik_context(item, examples);
  if (!item.scored_from.empty()) return encode_fillings(tokenizer, question_name(task, item), context, item);
  return encode_continuations(tokenizer, question_name(task, item), context.text, item.options, context.marks);
}

Question letters_question(const Tokenizer& tokenizer, const std::string& task, const Item& item,
                          const LettersTemplate& letters, const ChatTemplate* chat, const std::vector<Item>& examples) {
  Question question{.name = question_name(task, item), .protocol = Protocol::letters};
  const MarkedText prompt = letters_prompt(letters, item, chat, examples);
  const std::vector<TokenId> behind = set_letters(question, tokenizer, letters, item.options.size());
  set_context(question, tokenizer, prompt.text, prompt.marks, behind);
  if (chat) question.spells_bos = false;  // it is the template that spells it, as templates do
  return question;
}

bool is_too_long(const Question& question, const Limits& limits) { return tokens_needed(question) > limits.context; }

bool truncate_left(Question& question, const Limits& limits, const Tokenizer& tokenizer) {
  const std::vector<TokenId> special = encode_prompt(tokenizer, "");
  std::vector<TokenId>& tokens = question.context;
  const auto first = std::mismatch(tokens.begin(), tokens.end(), special.begin(), special.end()).first;
  const auto most = tokens.end() - first - 1;
  const auto excess = std::min<std::ptrdiff_t>(tokens_needed(question) - limits.context, most);
  if (excess <= 0) return false;
  question.positions =
      without_rows(question.positions, static_cast<int>(first - tokens.begin()), static_cast<int>(excess));
  tokens.erase(first, first + excess);
  return true;
}

void demand_fits(const Question& question, const Limits& limits) {
  if (question.context.empty()) fail("{}: the text has no tokens; is it empty?", question.name);
  TokenId largest = *std::max_element(question.context.begin(), question.context.end());
  for (const std::vector<TokenId>& option : question.options)
    largest = std::max(largest, *std::max_element(option.begin(), option.end()));
  if (is_too_long(question, limits))
    fail(
        "{}: {} tokens, but the model's context holds {}; shorten the item, or set task.too_long to \"cut\" or "
        "\"leave_out\"",
        question.name, tokens_needed(question), limits.context);
  demand_embedded(largest, limits.vocabulary, question.name);
}

}  // namespace tertium
