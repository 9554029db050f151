#include "tertium/audit/plain_texts.h"

#include <algorithm>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/experiment/open_questions.h"
#include "tertium/store/store.h"
#include "tertium/tasks/corpus.h"
#include "tertium/tasks/open_answers.h"

namespace tertium {
namespace {

Item plain_item(std::string id, const std::string& language, const std::string& text) {
  Item item{.id = std::move(id), .language = language};
  item.premise = item.statement_context = text;
  return item;
}

/// Reads a language with `read`, which fills in items and the path.
template <class Read>
void add_language(PlainTexts& texts, const std::string& language, const Read& read) {
  LanguageTexts& added = texts.languages.emplace_back(LanguageTexts{.language = language});
  try {
    read(added);
  } catch (const Error& error) {
    added.items.clear();
    added.file.problems.emplace_back(error.what());
  }
  added.set_places();
}

/// The lines of a corpus from `first` on.
PlainTexts sentences(std::string name, const CorpusSpec& spec, std::size_t first,
                     const std::vector<std::string>& languages) {
  PlainTexts texts;
  texts.spec.name = std::move(name);
  std::size_t of_first = 0;  // sentences in the first file that can be read
  for (const std::string& language : languages)
    add_language(texts, language, [&](LanguageTexts& side) {
      const std::string& called = name_in_files(spec.files, language);
      const CorpusFile file = corpus_file(spec.data, called, spec.split);
      // A file of several languages is looked at once.
      if (!file.has_columns || texts.languages.size() == 1) side.file.path = file.path;
      const std::vector<Sentence> all = read_sentences(file, called);
      if (of_first == 0) of_first = all.size();
      if (all.size() != of_first && texts.problem.empty())
        texts.problem = fmt::format("{} holds {} sentences of {}, others {}: they are not parallel, line by line",
                                    file.path.string(), all.size(), printable(language), of_first);
      const std::size_t end = std::min(all.size(), first + std::min(spec.limit.value_or(all.size()), all.size()));
      for (std::size_t line = first; line < end; ++line)
        side.items.push_back(plain_item(std::to_string(line), language, all[line].text));
    });
  return texts;
}

}  // namespace

std::vector<PlainTexts> read_plain_texts(const Experiment& experiment) {
  std::vector<PlainTexts> all;
  for (const CorpusSpec& spec : experiment.corpora)
    all.push_back(sentences(spec.corpus(), spec, spec.offset, with_pivot(experiment.pivot, spec.languages)));
  for (const TranslateSpec& spec : experiment.translations) {
    const bool shots_first = spec.shots_data.empty() && spec.shots_split.empty() && !spec.shots_seed;
    const std::size_t first = spec.text.offset + (shots_first ? static_cast<std::size_t>(spec.shots) : 0);
    std::vector<std::string> languages = with_pivot(experiment.pivot, spec.text.languages);
    if (std::ranges::find(languages, spec.target) == languages.end()) languages.push_back(spec.target);
    all.push_back(sentences(spec.task(), spec.text, first, languages));
  }
  if (!experiment.open_answers) return all;
  const GenerateSpec& spec = *experiment.open_answers;
  PlainTexts& questions = all.emplace_back();
  questions.spec.name = kGenerate;
  for (const std::string& language : with_pivot(experiment.pivot, spec.languages))
    add_language(questions, language, [&](LanguageTexts& side) {
      side.file.path = questions_file(spec, language);
      for (const OpenQuestion& question : read_open_questions(side.file.path, spec.match))
        if (!spec.limit || side.items.size() < *spec.limit || language != experiment.pivot)
          side.items.push_back(plain_item(question.id, language, question.prompt));
    });
  return all;
}

}  // namespace tertium
