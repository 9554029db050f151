#include "tertium/protocols/question.h"

#include <algorithm>
#include <set>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

// What day it is for chat templates that say it: always the same, 2025-01-01, so that results do not depend on the day.
constexpr std::int64_t kChatDate = 1735689600;

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

/// The tokens of a prompt (see encode_prompt) and where they stand in its text.
Encoding prompt_encoding(const Tokenizer& tokenizer, std::string_view text) {
  Encoding encoding = tokenizer.encode(text, true);
  const std::vector<TokenId>& ids = encoding.ids;
  const auto stands_for_nothing = [&](std::size_t t) { return encoding.offsets[t].begin == encoding.offsets[t].end; };
  // What was added stands for no text; the text's own BOS does.
  if (ids.size() > 1 && ids[0] == ids[1] && stands_for_nothing(0) && !stands_for_nothing(1)) {
    encoding.ids.erase(encoding.ids.begin());
    encoding.offsets.erase(encoding.offsets.begin());
  }
  return encoding;
}

/// Puts a prompt's tokens and positions into a question.
void set_context(Question& question, const Tokenizer& tokenizer, std::string_view text, const TextMarks& marks) {
  Encoding encoding = prompt_encoding(tokenizer, text);
  question.positions = find_positions(encoding, marks);
  question.context = std::move(encoding.ids);
}

}  // namespace

std::vector<TokenId> encode_prompt(const Tokenizer& tokenizer, std::string_view text) {
  return prompt_encoding(tokenizer, text).ids;
}

std::string_view to_string(Protocol protocol) { return protocol == Protocol::loglik ? "loglik" : "letters"; }

Protocol protocol_named(std::string_view name) {
  if (name == "loglik") return Protocol::loglik;
  if (name == "letters") return Protocol::letters;
  fail("protocol \"{}\": tertium knows loglik, letters", printable(name));
}

Question encode_continuations(const Tokenizer& tokenizer, const std::string& name, std::string context,
                              const std::vector<std::string>& options, const TextMarks& marks) {
  const std::string space = cut_trailing_space(context);
  Question question{.name = name, .protocol = Protocol::loglik};
  set_context(question, tokenizer, context, marks);
  if (question.context.empty())
    fail("{}: the context is empty and the tokenizer adds no BOS; nothing predicts the option", name);
  for (const std::string& option : options) {
    const std::vector<TokenId> whole = encode_prompt(tokenizer, context + space + option);
    if (whole.size() <= question.context.size())
      fail("{}: option \"{}\" has no token of its own; is it empty?", name, printable(option));
    const auto joint = whole.begin() + static_cast<std::ptrdiff_t>(question.context.size());
    question.joint_swallowed |= !std::equal(whole.begin(), joint, question.context.begin());
    question.options.emplace_back(joint, whole.end());
    question.option_texts.push_back(option);
  }
  return question;
}

Question loglik_question(const Tokenizer& tokenizer, const std::string& task, const Item& item) {
  return encode_continuations(tokenizer, question_name(task, item), item.context, item.options, item.context_marks);
}

Question letters_question(const Tokenizer& tokenizer, const std::string& task, const Item& item,
                          const LettersTemplate& letters, const ChatTemplate* chat) {
  Question question{.name = question_name(task, item), .protocol = Protocol::letters};
  MarkedText prompt = fill(letters, item);
  if (chat) {
    const Message asked{"user", prompt.text};
    std::string rendered = render_chat(*chat, {&asked, 1}, /*add_generation_prompt=*/true, kChatDate);
    prompt.marks = marks_within(rendered, prompt);
    prompt.text = std::move(rendered);
  }
  set_context(question, tokenizer, prompt.text, prompt.marks);
  std::set<TokenId> seen;
  for (std::size_t k = 0; k < item.options.size(); ++k) {
    const std::vector<TokenId> ids = tokenizer.encode(letters.letters[k], false).ids;
    if (ids.empty() || !seen.insert(ids.back()).second)
      fail("{}: letter \"{}\" has no last token of its own in this vocabulary; choose other letters", letters.origin,
           printable(letters.letters[k]));
    question.options.push_back({ids.back()});
    question.option_texts.push_back(letters.letters[k]);
  }
  return question;
}

void demand_fits(const Question& question, const Limits& limits) {
  if (question.context.empty()) fail("{}: the text has no tokens; is it empty?", question.name);
  std::size_t longest = 0;
  TokenId largest = *std::max_element(question.context.begin(), question.context.end());
  for (const std::vector<TokenId>& option : question.options) {
    if (question.protocol == Protocol::loglik) longest = std::max(longest, option.size());
    largest = std::max(largest, *std::max_element(option.begin(), option.end()));
  }
  const std::size_t tokens = question.context.size() + longest;
  if (tokens > static_cast<std::size_t>(limits.context))
    fail("{}: {} tokens, but the model's context holds {}; shorten the item or leave it out", question.name, tokens,
         limits.context);
  if (largest >= limits.vocabulary)
    fail("{}: the tokenizer gives the id {}, but the model embeds {}; do tokenizer and model belong together?",
         question.name, largest, limits.vocabulary);
}

std::size_t best_option(const std::vector<double>& scores) {
  return static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

}  // namespace tertium
