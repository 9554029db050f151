#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/experiment/translation.h"
#include "tertium/experiment/translation_texts.h"

namespace tertium {
namespace {

/// The rows of the source sentence: of its tokens, and the last of them.
void add_source_rows(Question& question, const Encoding& encoding, std::size_t begin, std::size_t end) {
  std::vector<int> rows;
  for (std::size_t t = 0; t < encoding.offsets.size(); ++t) {
    const auto [from, to] = encoding.offsets[t];
    if (from < to && from < end && to > begin) rows.push_back(static_cast<int>(t));
  }
  if (rows.empty()) return;
  question.positions["source_end"] = {rows.back()};
  question.positions["source"] = std::move(rows);
}

/// Encodes what one language is asked into a target.
class SentenceAsker {
 public:
  SentenceAsker(const TranslateSpec& spec, const Tokenizer& tokenizer, const Limits& limits)
      : spec_(spec), tokenizer_(tokenizer), limits_(limits) {}

  PreparedLanguage ask(const std::string& language, const std::string& target, TranslationTexts& texts) const {
    PreparedLanguage prepared{.language = language};
    std::size_t line = texts.first_line();
    for (const AskedSentence& asked : texts.asked(language, target)) {
      Item item{.id = std::to_string(line++), .language = language};
      item.statement_context = asked.source;
      item.options = {asked.answer};
      prepared.questions.push_back(question(asked));
      prepared.premises.push_back({.name = asked.where, .context = encode_prompt(tokenizer_, asked.source)});
      demand_fits(prepared.premises.back(), limits_);
      prepared.items.push_back(std::move(item));
    }
    return prepared;
  }

 private:
  Question question(const AskedSentence& sentence) const {
    const TranslationPrompt& prompt = sentence.prompt;
    Question asked = encode_continuations(tokenizer_, sentence.where, prompt.text, {sentence.continuation});
    demand_fits(asked, limits_);
    if (asked.context.size() + static_cast<std::size_t>(spec_.most_tokens) > static_cast<std::size_t>(limits_.context))
      fail(
          "{}: the prompt's {} tokens and max_new_tokens = {} exceed the model's context of {}; ask for fewer, or for "
          "fewer examples",
          sentence.where, asked.context.size(), spec_.most_tokens, limits_.context);
    asked.positions["everywhere"] = asked.positions.at("all");
    if (prompt.source_end > prompt.source_begin) {
      const std::size_t words = end_of_words(prompt.text).value_or(0);
      const Prompt read = read_prompt(tokenizer_, std::string_view(prompt.text).substr(0, words));
      add_source_rows(asked, read.encoding, prompt.source_begin, prompt.source_end);
    }
    return asked;
  }

  const TranslateSpec& spec_;
  const Tokenizer& tokenizer_;
  const Limits& limits_;
};

/// From lines that are not asked, if enough of them are left: an answer must not be told by itself.
void learn(LanguageOf& language_of, const std::string& language, TranslationTexts& texts) {
  constexpr std::size_t kEnough = 50, kMost = 500;
  const std::vector<Sentence>& sentences = texts.sentences(language);
  std::vector<std::string> others, all;
  for (std::size_t line = 0; line < sentences.size(); ++line) {
    if (line < texts.first_line() || line >= texts.first_line() + texts.size()) others.push_back(sentences[line].text);
    all.push_back(sentences[line].text);
  }
  std::vector<std::string>& from = others.size() >= kEnough ? others : all;
  from.resize(std::min(from.size(), kMost));
  language_of.learn(language, from);
}

PreparedTranslation prepare_translation(const TranslateSpec& spec, const Experiment& experiment,
                                        const Tokenizer& tokenizer, const Limits& limits) {
  const std::string& pivot = experiment.pivot;
  TranslationTexts texts(spec, experiment.model, pivot);
  const SentenceAsker asker(spec, tokenizer, limits);
  PreparedTranslation prepared{
      .spec = spec, .pivot = asker.ask(pivot, spec.target, texts), .stops = texts.form().stops};
  for (const std::string& language : spec.text.languages)
    prepared.others.push_back(asker.ask(language, spec.target, texts));
  if (!spec.other_target.empty()) prepared.pivot_elsewhere = asker.ask(pivot, spec.other_target, texts);
  for (std::size_t i = 0; i < texts.size(); ++i)
    prepared.references.push_back(texts.sentences(spec.target)[texts.first_line() + i].text);
  for (const auto& [language, name] : spec.names) learn(prepared.language_of, language, texts);
  prepared.files = texts.files();
  return prepared;
}

}  // namespace

TaskSpec PreparedTranslation::as_task() const { return {.name = spec.task()}; }

std::vector<PreparedTranslation> prepare_translations(const Experiment& experiment, const Tokenizer& tokenizer,
                                                      const Limits& limits) {
  std::vector<PreparedTranslation> all;
  for (const TranslateSpec& spec : experiment.translations)
    all.push_back(prepare_translation(spec, experiment, tokenizer, limits));
  return all;
}

}  // namespace tertium
