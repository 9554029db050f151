#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "tertium/base/error.h"
#include "tertium/base/hash.h"
#include "tertium/base/text.h"
#include "tertium/experiment/translation.h"
#include "tertium/formats/model_path.h"
#include "tertium/tasks/corpus.h"
#include "tertium/tasks/translation_prompt.h"
#include "tertium/tokenizer/chat.h"

namespace tertium {
namespace {

// What day it is for chat templates that say it, as in protocols/question.cc: results must not depend on the day.
constexpr std::int64_t kChatDate = 1735689600;

/// The sentences of some languages, line by line.
class Sides {
 public:
  Sides(std::filesystem::path data, std::string split, const std::map<std::string, std::string>& names)
      : data_(std::move(data)), split_(std::move(split)), names_(names) {}

  /// Throws Error if another language has another number of them.
  const std::vector<Sentence>& of(const std::string& language) {
    if (const auto known = read_.find(language); known != read_.end()) return known->second;
    const auto own = names_.find(language);
    const std::string& name = own == names_.end() ? language : own->second;
    const CorpusFile file = corpus_file(data_, name, split_);
    std::vector<Sentence> sentences = read_sentences(file, name);
    if (!read_.empty() && read_.begin()->second.size() != sentences.size())
      fail("{} has {} sentences of {}, but {} has {}: they are not parallel, line by line", file.path.string(),
           sentences.size(), printable(language), printable(read_.begin()->first), read_.begin()->second.size());
    if (std::ranges::find(files_, file.path) == files_.end()) files_.push_back(file.path);
    return read_.emplace(language, std::move(sentences)).first->second;
  }
  const std::vector<std::filesystem::path>& files() const { return files_; }

 private:
  std::filesystem::path data_;
  std::string split_;
  const std::map<std::string, std::string>& names_;
  std::map<std::string, std::vector<Sentence>> read_;
  std::vector<std::filesystem::path> files_;
};

/// Which lines are asked, and which stand before them as examples.
struct Lines {
  std::size_t first = 0, count = 0;
  std::vector<std::size_t> shots;  // of the examples' file
};

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

Lines choose_lines(const TranslateSpec& spec, std::size_t all, std::size_t all_shots, const std::string& origin) {
  const auto shots = static_cast<std::size_t>(spec.shots);
  const bool own_file = spec.shots_data.empty() && spec.shots_split.empty();
  Lines lines;
  // The first lines of the file are examples, and no items.
  lines.first = spec.text.offset + (own_file && !spec.shots_seed ? shots : 0);
  lines.count = std::min(spec.text.limit.value_or(all), all - std::min(lines.first, all));
  if (lines.count < 2)
    fail("{}: {} sentences remain behind {} examples and offset {}; at least two must", origin, lines.count,
         own_file ? shots : 0, spec.text.offset);
  std::vector<std::size_t> candidates;
  for (std::size_t line = 0; line < all_shots; ++line)
    if (!own_file || line < lines.first || line >= lines.first + lines.count) candidates.push_back(line);
  if (candidates.size() < shots)
    fail(
        "{}: {} examples are asked for, but {} sentences are none that is asked; lower shots or limit, or give "
        "shots_data",
        origin, shots, candidates.size());
  if (spec.shots_seed)
    lines.shots = drawn(*spec.shots_seed, std::move(candidates), shots);
  else
    for (std::size_t line = 0; line < shots; ++line) lines.shots.push_back(line);
  return lines;
}

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

/// Asks one language's sentences into a target.
class SentenceAsker {
 public:
  SentenceAsker(const TranslateSpec& spec, const TranslationTemplate& form, const ChatTemplate* chat,
                const Tokenizer& tokenizer, const Limits& limits)
      : spec_(spec), form_(form), chat_(chat), tokenizer_(tokenizer), limits_(limits) {}

  PreparedLanguage ask(const std::string& language, const std::string& target, Sides& sides, Sides& examples,
                       const Lines& lines) const {
    const LanguageNames names{spec_.names.at(language), spec_.names.at(target)};
    const std::vector<Sentence>&sources = sides.of(language), &targets = sides.of(target);
    std::vector<TranslationShot> shots;
    for (const std::size_t line : lines.shots)
      shots.push_back({examples.of(language)[line].text, examples.of(target)[line].text});
    PreparedLanguage prepared{.language = language};
    for (std::size_t line = lines.first; line < lines.first + lines.count; ++line) {
      Item item{.id = std::to_string(line), .language = language};
      item.statement_context = sources[line].text;
      item.options = {answer_text(form_, names, targets[line].text)};
      prepared.questions.push_back(question(sources[line], names, shots, item.options[0]));
      prepared.premises.push_back(
          {.name = sources[line].where, .context = encode_prompt(tokenizer_, sources[line].text)});
      demand_fits(prepared.premises.back(), limits_);
      prepared.items.push_back(std::move(item));
    }
    return prepared;
  }

 private:
  Question question(const Sentence& source, const LanguageNames& names, const std::vector<TranslationShot>& shots,
                    const std::string& answer) const {
    TranslationPrompt prompt = fill(form_, names, shots, source.text);
    std::string option = answer;
    if (chat_) {
      prompt = in_chat(names, shots, source.text);
      option = std::string(strip(answer));  // a turn begins with its first word
    }
    Question asked = encode_continuations(tokenizer_, source.where, prompt.text, {option});
    demand_fits(asked, limits_);
    if (asked.context.size() + static_cast<std::size_t>(spec_.most_tokens) > static_cast<std::size_t>(limits_.context))
      fail(
          "{}: the prompt's {} tokens and max_new_tokens = {} exceed the model's context of {}; ask for fewer, or for "
          "fewer examples",
          source.where, asked.context.size(), spec_.most_tokens, limits_.context);
    asked.positions["everywhere"] = asked.positions.at("all");
    if (prompt.source_end > prompt.source_begin) {
      const std::size_t words = end_of_words(prompt.text).value_or(0);
      const Prompt read = read_prompt(tokenizer_, std::string_view(prompt.text).substr(0, words));
      add_source_rows(asked, read.encoding, prompt.source_begin, prompt.source_end);
    }
    return asked;
  }

  /// Examples are turns of the conversation. The sentence has no place where the template writes another text.
  TranslationPrompt in_chat(const LanguageNames& names, const std::vector<TranslationShot>& shots,
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

  const TranslateSpec& spec_;
  const TranslationTemplate& form_;
  const ChatTemplate* chat_;
  const Tokenizer& tokenizer_;
  const Limits& limits_;
};

/// From lines that are not asked, if enough of them are left: an answer must not be told by itself.
void learn(LanguageOf& language_of, const std::string& language, const std::vector<Sentence>& sentences,
           const Lines& lines) {
  constexpr std::size_t kEnough = 50, kMost = 500;
  std::vector<std::string> others, all;
  for (std::size_t line = 0; line < sentences.size(); ++line) {
    if (line < lines.first || line >= lines.first + lines.count) others.push_back(sentences[line].text);
    all.push_back(sentences[line].text);
  }
  std::vector<std::string>& from = others.size() >= kEnough ? others : all;
  from.resize(std::min(from.size(), kMost));
  language_of.learn(language, from);
}

PreparedTranslation prepare_translation(const TranslateSpec& spec, const Experiment& experiment,
                                        const Tokenizer& tokenizer, const Limits& limits) {
  const std::string& pivot = experiment.pivot;
  const TranslationTemplate form = translation_template(spec.prompt);
  std::optional<ChatTemplate> chat;
  if (spec.chat) chat = ChatTemplate::open(find_model(experiment.model.string()));
  Sides sides(spec.text.data, spec.text.split, spec.text.files);
  Sides others(spec.shots_data.empty() ? spec.text.data : spec.shots_data,
               spec.shots_data.empty() && spec.shots_split.empty() ? spec.text.split : spec.shots_split,
               spec.text.files);
  const bool own_file = spec.shots_data.empty() && spec.shots_split.empty();
  Sides& examples = own_file ? sides : others;
  const Lines lines = choose_lines(spec, sides.of(pivot).size(), spec.shots > 0 ? examples.of(pivot).size() : 0,
                                   spec.text.data.string());
  const SentenceAsker asker(spec, form, chat ? &*chat : nullptr, tokenizer, limits);
  PreparedTranslation prepared{
      .spec = spec, .pivot = asker.ask(pivot, spec.target, sides, examples, lines), .stops = form.stops};
  for (const std::string& language : spec.text.languages)
    prepared.others.push_back(asker.ask(language, spec.target, sides, examples, lines));
  if (!spec.other_target.empty())
    prepared.pivot_elsewhere = asker.ask(pivot, spec.other_target, sides, examples, lines);
  for (std::size_t line = lines.first; line < lines.first + lines.count; ++line)
    prepared.references.push_back(sides.of(spec.target)[line].text);
  for (const auto& [language, name] : spec.names) learn(prepared.language_of, language, sides.of(language), lines);
  prepared.files = sides.files();
  if (!own_file) prepared.files.insert(prepared.files.end(), others.files().begin(), others.files().end());
  if (!spec.prompt.empty()) prepared.files.push_back(spec.prompt);
  if (chat) prepared.files.insert(prepared.files.end(), chat->files.begin(), chat->files.end());
  return prepared;
}

}  // namespace

TaskSpec PreparedTranslation::as_task() const { return {.name = "translate " + spec.target}; }

std::vector<PreparedTranslation> prepare_translations(const Experiment& experiment, const Tokenizer& tokenizer,
                                                      const Limits& limits) {
  std::vector<PreparedTranslation> all;
  for (const TranslateSpec& spec : experiment.translations)
    all.push_back(prepare_translation(spec, experiment, tokenizer, limits));
  return all;
}

}  // namespace tertium
