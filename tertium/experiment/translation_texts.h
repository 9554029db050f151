#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tertium/experiment/experiment.h"
#include "tertium/tasks/corpus.h"
#include "tertium/tasks/translation_prompt.h"
#include "tertium/tokenizer/chat.h"

namespace tertium {

/// Parallel sentences of some languages, which are read as they are asked for.
class ParallelSentences {
 public:
  ParallelSentences(std::filesystem::path data, std::string split, const std::map<std::string, std::string>& names)
      : data_(std::move(data)), split_(std::move(split)), names_(names) {}

  /// Throws Error if another language has another number of them.
  const std::vector<Sentence>& of(const std::string& language);
  const std::vector<std::filesystem::path>& files() const { return files_; }

 private:
  std::filesystem::path data_;
  std::string split_;
  const std::map<std::string, std::string>& names_;
  std::map<std::string, std::vector<Sentence>> read_;
  std::vector<std::filesystem::path> files_;
};

/// A sentence as the model is asked to translate it.
struct AskedSentence {
  std::string where;  // for error messages
  std::string source;
  TranslationPrompt prompt;
  std::string answer;        // by the template: what goes on with the prompt
  std::string continuation;  // the same, or in a chat, where a turn begins with its first word, without its spaces
};

/// The texts of a translation task, before they are encoded.
class TranslationTexts {
 public:
  /// Reads the template and the pivot's sentences. Throws Error naming file and line. `spec` must outlive this.
  TranslationTexts(const TranslateSpec& spec, const std::filesystem::path& model, const std::string& pivot);

  const TranslationTemplate& form() const { return form_; }
  const std::vector<std::size_t>& shots() const { return shots_; }
  /// The lines that are asked, from 0, one behind the other.
  std::size_t first_line() const { return first_; }
  std::size_t size() const { return count_; }

  /// Throws Error for files of different numbers of sentences.
  const std::vector<Sentence>& sentences(const std::string& language) { return sentences_.of(language); }
  /// All that are asked of a language into a target.
  std::vector<AskedSentence> asked(const std::string& language, const std::string& target);
  /// All that were read, the template and the chat template among them.
  std::vector<std::filesystem::path> files() const;

 private:
  ParallelSentences& examples() { return other_examples_ ? *other_examples_ : sentences_; }
  void choose_lines(std::size_t all, std::size_t all_shots);
  TranslationPrompt in_chat(const LanguageNames& names, const std::vector<TranslationShot>& shots,
                            std::string_view source) const;

  const TranslateSpec& spec_;
  TranslationTemplate form_;
  std::optional<ChatTemplate> chat_;
  ParallelSentences sentences_;
  std::optional<ParallelSentences> other_examples_;  // where they stand in a file of their own
  std::size_t first_ = 0, count_ = 0;
  std::vector<std::size_t> shots_;  // lines of the examples' file
};

}  // namespace tertium
