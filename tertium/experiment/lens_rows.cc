#include "tertium/experiment/lens_rows.h"

#include <algorithm>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/experiment/run.h"

namespace tertium {
namespace {

bool fills_a_blank(const Question& question) {
  for (std::size_t option = 0; option < question.options.size(); ++option)
    if (question.first_scored(option) > 0) return true;
  return false;
}

}  // namespace

LensWords lens_words(const PreparedTask& task, const PreparedLanguage& language, std::size_t item) {
  LensWords words;
  const Question& own = language.questions[item];
  const auto add = [&](std::string name, const std::vector<TokenId>& option) {
    words.token_of.push_back(std::move(name));
    words.tokens.push_back(option.front());
  };
  if (own.protocol == Protocol::letters) {
    for (std::size_t option = 0; option < own.options.size(); ++option)
      add(std::string(strip(own.option_texts[option])), own.options[option]);
    return words;
  }
  if (fills_a_blank(own)) return words;
  const auto add_all = [&](const char* whose, const Question& question) {
    for (std::size_t option = 0; option < question.options.size(); ++option)
      add(fmt::format("{}{}", whose, option), question.options[option]);
  };
  add_all("own", own);
  if (&language != &task.pivot && !fills_a_blank(task.pivot.questions[item]))
    add_all("pivot", task.pivot.questions[item]);
  return words;
}

std::vector<LensRow> lens_rows(const PreparedTask& task, const PreparedLanguage& language,
                               std::span<const std::size_t> items, std::span<const std::vector<float>> streams,
                               const Model& model, const TunedLens* tuned) {
  std::vector<LensQuestion> questions;
  std::vector<LensWords> words;
  std::vector<std::size_t> asked;
  const bool letters = task.spec.protocol == Protocol::letters;
  for (std::size_t i = 0; i < items.size(); ++i) {
    LensWords of_item = lens_words(task, language, items[i]);
    if (of_item.tokens.empty()) continue;
    questions.push_back({language.questions[items[i]].name, streams[i], letters ? Readout::logits : Readout::log_probs,
                         of_item.tokens});
    words.push_back(std::move(of_item));
    asked.push_back(items[i]);
  }
  const std::vector<LensAnswer> answers = read_lens(model, questions, tuned);
  std::vector<LensRow> rows;
  for (std::size_t q = 0; q < questions.size(); ++q) {
    const std::size_t count = words[q].tokens.size(), indices = answers[q].values.size() / count;
    for (std::size_t index = 0; index < indices; ++index)
      for (std::size_t w = 0; w < count; ++w) {
        LensRow row{task.spec.name,
                    language.language,
                    language.items[asked[q]].id,
                    task.spec.stored_protocol(),
                    static_cast<int>(index),
                    words[q].token_of[w],
                    words[q].tokens[w],
                    {},
                    {},
                    {}};
        (letters ? row.logit : row.log_prob) = answers[q].values[index * count + w];
        if (!letters) row.entropy = answers[q].entropy[index];
        rows.push_back(std::move(row));
      }
  }
  return rows;
}

}  // namespace tertium
