#include <set>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/experiment/run.h"
#include "tertium/formats/model_path.h"
#include "tertium/model/config.h"
#include "tertium/tasks/prompts.h"
#include "tertium/tasks/task.h"
#include "tertium/tokenizer/chat.h"

namespace tertium {
namespace {

/// Encodes the items of a language, and checks that each fits the model.
class Encoder {
 public:
  Encoder(const TaskSpec& spec, const std::filesystem::path& model, const Tokenizer& tokenizer, const Limits& limits)
      : spec_(spec), tokenizer_(tokenizer), limits_(limits) {
    if (spec.protocol == Protocol::letters) letters_ = letters_template(task_named(spec.name), spec.prompt);
    if (!spec.symbols.empty()) letters_ = with_symbols(letters_, spec.symbols);
    letters_.order = spec.order;
    if (!spec.chat) return;
    chat_ = ChatTemplate::open(find_model(model.string()));
    // The answer begins the model's turn, so that no space stands before it.
    if (spec.prompt.empty())
      for (std::string& letter : letters_.letters) letter.erase(0, letter.find_first_not_of(' '));
  }

  /// `examples`: of each item.
  PreparedLanguage encode(const std::vector<Item>& items, const std::string& language,
                          const std::vector<std::vector<Item>>& examples) const {
    PreparedLanguage prepared{.language = language, .items = items};
    for (std::size_t i = 0; i < items.size(); ++i) {
      const Item& item = items[i];
      bool cut = false;
      const Question asked = question(item, examples.empty() ? std::vector<Item>{} : examples[i]);
      const std::string name = asked.name;
      prepared.joints_swallowed += asked.joint_swallowed;
      prepared.questions.push_back(fitting(asked, cut));
      if (!scored_are_statements(item))
        prepared.statements.push_back(fitting(
            encode_continuations(tokenizer_, name + ", statements", item.statement_context, item.statement_options),
            cut));
      prepared.premises.push_back(
          fitting({.name = name + ", premise", .context = encode_prompt(tokenizer_, item.premise)}, cut));
      prepared.truncated += cut;
    }
    return prepared;
  }

 private:
  Question question(const Item& item, const std::vector<Item>& examples) const {
    return spec_.protocol == Protocol::loglik
               ? loglik_question(tokenizer_, spec_.name, item, examples)
               : letters_question(tokenizer_, spec_.name, item, letters_, chat_ ? &*chat_ : nullptr, examples);
  }

  /// The same for all items of a task.
  bool scored_are_statements(const Item& item) const {
    return spec_.protocol == Protocol::loglik && spec_.shots.count == 0 && item.context == item.statement_context &&
           item.options == item.statement_options;
  }

  /// Sets `cut` if the text was too long and cutting it is allowed.
  Question fitting(Question question, bool& cut) const {
    if (spec_.truncate_left) cut |= truncate_left(question, limits_, tokenizer_);
    demand_fits(question, limits_);
    return question;
  }

  const TaskSpec& spec_;
  const Tokenizer& tokenizer_;
  const Limits limits_;
  LettersTemplate letters_;
  std::optional<ChatTemplate> chat_;
};

/// The texts of one language.
struct LanguageItems {
  std::string language;
  std::vector<Item> items;  // parallel to the pivot's
  std::vector<Item> pool;   // what examples are taken from, likewise
};

/// The texts of one task.
struct TaskItems {
  std::vector<LanguageItems> languages;         // the pivot first
  std::vector<std::vector<std::size_t>> shots;  // [items] indices into the pool; empty without few-shot
  std::set<std::filesystem::path> files;
};

/// Reads the files of a task: its items, or the examples for few-shot.
class TaskFiles {
 public:
  TaskFiles(const TaskSpec& spec, std::filesystem::path data, std::string split)
      : task_(task_named(spec.name)), data_(std::move(data)), split_(std::move(split)) {}

  std::filesystem::path file(const std::string& language) const { return task_.file(data_, language, split_); }
  std::vector<Item> read(const std::string& language) const { return read_items(task_, data_, language, split_); }
  std::vector<Item> read_parallel(const std::string& language, const std::vector<Item>& pivot) const {
    return parallel_to(pivot, read(language));
  }

 private:
  const Task& task_;
  std::filesystem::path data_;
  std::string split_;
};

void read_shots(const TaskSpec& spec, const TaskFiles& items, TaskItems& read) {
  const ShotsSpec& shots = spec.shots;
  const TaskFiles pools(spec, shots.data.empty() ? spec.data : shots.data,
                        shots.split.empty() ? spec.split : shots.split);
  LanguageItems& pivot = read.languages.front();
  const std::filesystem::path file = pools.file(pivot.language);
  std::error_code ignored;
  const bool same_file = std::filesystem::equivalent(file, items.file(pivot.language), ignored);
  for (LanguageItems& language : read.languages) {
    const bool own = !shots.in_pivot && &language != &pivot;
    language.pool = &language == &pivot ? pools.read(language.language)
                    : own               ? pools.read_parallel(language.language, pivot.pool)
                                        : pivot.pool;
    if (own || &language == &pivot) read.files.insert(pools.file(language.language));
  }
  read.shots = choose_shots(shots, pivot.pool, pivot.items, same_file, file.string());
}

TaskItems read_task(const TaskSpec& spec, const std::string& pivot) {
  const TaskFiles reader(spec, spec.data, spec.split);
  TaskItems read;
  const std::vector<Item> all = reader.read(pivot);
  read.languages.push_back({pivot, all, {}});
  for (const std::string& language : spec.languages)
    read.languages.push_back({language, reader.read_parallel(language, all), {}});
  for (LanguageItems& language : read.languages) {
    if (spec.limit && language.items.size() > static_cast<std::size_t>(*spec.limit))
      language.items.resize(static_cast<std::size_t>(*spec.limit));
    read.files.insert(reader.file(language.language));
  }
  if (!spec.prompt.empty()) read.files.insert(spec.prompt);
  if (spec.shots.count > 0) read_shots(spec, reader, read);
  return read;
}

std::vector<std::vector<Item>> examples_of(const TaskItems& task, const LanguageItems& language) {
  std::vector<std::vector<Item>> examples;
  for (const std::vector<std::size_t>& shots : task.shots) {
    std::vector<Item>& solved = examples.emplace_back();
    for (const std::size_t shot : shots) solved.push_back(language.pool[shot]);
  }
  return examples;
}

/// The task once for each order in which its options are listed.
std::vector<TaskSpec> variants_of(const TaskSpec& spec, const std::vector<Item>& items) {
  TaskSpec variant = spec;
  variant.variant = join(spec.symbols, "");
  if (spec.orders.kind == Orders::Kind::as_given) return {variant};
  const std::size_t options = items.front().options.size();
  if (spec.symbols.empty()) {
    const LettersTemplate letters = letters_template(task_named(spec.name), spec.prompt);
    for (std::size_t k = 0; k < std::min(options, letters.letters.size()); ++k)
      variant.variant += strip(letters.letters[k]);
  }
  std::vector<TaskSpec> variants;
  for (const OptionOrder& order : option_orders(spec.orders, options)) {
    variants.push_back(variant);
    variants.back().order = order;
    variants.back().variant += fmt::format(":{}", fmt::join(order, options > 10 ? "-" : ""));
  }
  return variants;
}

}  // namespace

std::vector<PreparedTask> prepare(const Experiment& experiment, const Tokenizer& tokenizer, const Config& config) {
  const Limits limits{config.context, config.vocabulary};
  std::vector<PreparedTask> prepared;
  for (const TaskSpec& spec : experiment.tasks) {
    const TaskItems read = read_task(spec, experiment.pivot);
    for (const TaskSpec& variant : variants_of(spec, read.languages.front().items)) {
      const Encoder encoder(variant, experiment.model, tokenizer, limits);
      PreparedTask one{.spec = variant, .files = {read.files.begin(), read.files.end()}};
      for (const LanguageItems& language : read.languages) {
        PreparedLanguage encoded = encoder.encode(language.items, language.language, examples_of(read, language));
        if (&language == &read.languages.front())
          one.pivot = std::move(encoded);
        else
          one.others.push_back(std::move(encoded));
      }
      prepared.push_back(std::move(one));
    }
  }
  return prepared;
}

}  // namespace tertium
