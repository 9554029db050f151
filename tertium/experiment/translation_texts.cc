#include "tertium/experiment/translation_texts.h"

#include <algorithm>

#include "tertium/base/error.h"
#include "tertium/base/hash.h"
#include "tertium/base/text.h"
#include "tertium/formats/model_path.h"

namespace tertium {
namespace {

/// The `count` of some lines that are smallest by a seeded hash, in the file's order.
std::vector<std::size_t> drawn(std::uint64_t seed, std::vector<std::size_t> lines, std::size_t count) {
  const auto rank = [&](std::size_t line) {
    return std::pair(stable_hash(seed, {"translate", std::to_string(line)}), line);
  };
  std::ranges::sort(lines, {}, rank);
  lines.resize(count);
  std::ranges::sort(lines);
  return lines;
}

}  // namespace

const std::vector<Sentence>& ParallelSentences::of(const std::string& language) {
  if (const auto known = read_.find(language); known != read_.end()) return known->second;
  const std::string& name = name_in_files(names_, language);
  const CorpusFile file = corpus_file(data_, name, split_);
  std::vector<Sentence> sentences = read_sentences(file, name);
  if (!read_.empty() && read_.begin()->second.size() != sentences.size())
    fail("{} has {} sentences of {}, but {} has {}: they are not parallel, line by line", file.path.string(),
         sentences.size(), printable(language), printable(read_.begin()->first), read_.begin()->second.size());
  if (std::ranges::find(files_, file.path) == files_.end()) files_.push_back(file.path);
  return read_.emplace(language, std::move(sentences)).first->second;
}

TranslationTexts::TranslationTexts(const TranslateSpec& spec, const std::filesystem::path& model,
                                   const std::string& pivot)
    : spec_(spec),
      form_(translation_template(spec.prompt)),
      sentences_(spec.text.data, spec.text.split, spec.text.files) {
  if (spec.chat) chat_ = ChatTemplate::open(find_model(model.string()));
  if (!spec.shots_data.empty())
    other_examples_.emplace(spec.shots_data, spec.shots_split, spec.text.files);
  else if (!spec.shots_split.empty())
    other_examples_.emplace(spec.text.data, spec.shots_split, spec.text.files);
  choose_lines(sentences_.of(pivot).size(), spec.shots > 0 ? examples().of(pivot).size() : 0);
}

void TranslationTexts::choose_lines(std::size_t all, std::size_t all_shots) {
  const std::string origin = spec_.text.data.string();
  const auto shots = static_cast<std::size_t>(spec_.shots);
  const bool own_file = !other_examples_;
  // The first lines of the file are examples, and no items.
  first_ = spec_.text.offset + (own_file && !spec_.shots_seed ? shots : 0);
  count_ = std::min(spec_.text.limit.value_or(all), all - std::min(first_, all));
  if (count_ < 2)
    fail("{}: {} sentences remain behind {} examples and offset {}; at least two must", origin, count_,
         own_file ? shots : 0, spec_.text.offset);
  std::vector<std::size_t> candidates;
  for (std::size_t line = 0; line < all_shots; ++line)
    if (!own_file || line < first_ || line >= first_ + count_) candidates.push_back(line);
  if (candidates.size() < shots)
    fail(
        "{}: {} examples are asked for, but {} sentences are none that is asked; lower shots or limit, or give "
        "shots_data",
        origin, shots, candidates.size());
  if (spec_.shots_seed)
    shots_ = drawn(*spec_.shots_seed, std::move(candidates), shots);
  else
    for (std::size_t line = 0; line < shots; ++line) shots_.push_back(line);
}

std::vector<AskedSentence> TranslationTexts::asked(const std::string& language, const std::string& target) {
  const LanguageNames names{spec_.names.at(language), spec_.names.at(target)};
  const std::vector<Sentence>&sources = sentences_.of(language), &targets = sentences_.of(target);
  std::vector<TranslationShot> shots;
  for (const std::size_t line : shots_)
    shots.push_back({examples().of(language)[line].text, examples().of(target)[line].text});
  std::vector<AskedSentence> all;
  for (std::size_t line = first_; line < first_ + count_; ++line) {
    const Sentence& source = sources[line];
    AskedSentence& one = all.emplace_back(AskedSentence{.where = source.where, .source = source.text});
    one.prompt = chat_ ? in_chat(names, shots, source.text) : fill(form_, names, shots, source.text);
    one.answer = answer_text(form_, names, targets[line].text);
    one.continuation = chat_ ? std::string(strip(one.answer)) : one.answer;
  }
  return all;
}

/// Examples are turns of the conversation. The sentence has no place where the template writes another text.
TranslationPrompt TranslationTexts::in_chat(const LanguageNames& names, const std::vector<TranslationShot>& shots,
                                            std::string_view source) const {
  std::vector<Message> turns;
  for (const TranslationShot& shot : shots) {
    turns.push_back({"user", fill(form_, names, {}, shot.source).text});
    turns.push_back({"assistant", std::string(strip(answer_text(form_, names, shot.target)))});
  }
  const TranslationPrompt asked = fill(form_, names, {}, source);
  turns.push_back({"user", asked.text});
  TranslationPrompt prompt{.text = render_chat(*chat_, turns, /*add_generation_prompt=*/true, kChatDate)};
  const std::string_view written = strip(asked.text);
  const std::size_t at = prompt.text.rfind(written), before = asked.text.find(written);
  if (at == std::string::npos) return prompt;
  prompt.source_begin = at + asked.source_begin - before;
  prompt.source_end = prompt.source_begin + source.size();
  return prompt;
}

std::vector<std::filesystem::path> TranslationTexts::files() const {
  std::vector<std::filesystem::path> files = sentences_.files();
  const auto add = [&](const std::vector<std::filesystem::path>& more) {
    files.insert(files.end(), more.begin(), more.end());
  };
  if (other_examples_) add(other_examples_->files());
  if (!spec_.prompt.empty()) files.push_back(spec_.prompt);
  if (chat_) add(chat_->files);
  return files;
}

}  // namespace tertium
