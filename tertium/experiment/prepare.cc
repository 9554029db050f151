#include <algorithm>
#include <map>
#include <set>
#include <type_traits>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/experiment/asker.h"
#include "tertium/experiment/run.h"
#include "tertium/experiment/task_texts.h"
#include "tertium/model/config.h"

namespace tertium {
namespace {

/// Encodes the items of a language, and checks that each fits the model.
class Encoder {
 public:
  Encoder(const TaskSpec& spec, const std::filesystem::path& model, const Tokenizer& tokenizer, const Limits& limits)
      : spec_(spec), tokenizer_(tokenizer), limits_(limits), asker_(spec, model) {}

  std::vector<std::filesystem::path> files() const { return asker_.files(); }

  /// `examples`: of each item. Ids of items that are too long, where those are left out, go to `too_long`.
  PreparedLanguage encode(const std::vector<Item>& items, const std::string& language,
                          const std::vector<std::vector<Item>>& examples, std::set<std::string>& too_long) const {
    PreparedLanguage prepared{.language = language, .items = items};
    const bool own_statements =
        !std::ranges::all_of(items, [&](const Item& one) { return scored_are_statements(one); });
    for (std::size_t i = 0; i < items.size(); ++i) {
      const Item& item = items[i];
      bool cut = false;
      const auto add = [&](std::vector<Question>& to, Question question) {
        if (!fit(question, cut)) too_long.insert(item.id);
        to.push_back(std::move(question));
      };
      add(prepared.questions,
          asker_.question(tokenizer_, item, examples.empty() ? std::vector<Item>{} : examples[i]));
      Question& asked = prepared.questions.back();
      if (own_statements)
        add(prepared.statements, encode_continuations(tokenizer_, asked.name + ", statements", item.statement_context,
                                                      item.statement_options));
      add(prepared.premises, {.name = asked.name + ", premise", .context = encode_prompt(tokenizer_, item.premise)});
      asked.rule = spec_.rule;
      asked.is_cut = cut;
      asked.identical_options = has_identical_options(item) || reads_twice(asked);
    }
    return prepared;
  }

 private:
  bool scored_are_statements(const Item& item) const {
    return spec_.protocol == Protocol::loglik && spec_.shots.count == 0 && item.context == item.statement_context &&
           item.options == item.statement_options;
  }

  /// Whether the text fits the model, if need be and allowed cut, which sets `cut`. Throws Error if it does not and may
  /// not be left out.
  bool fit(Question& question, bool& cut) const {
    if (spec_.too_long == TooLong::cut) cut |= truncate_left(question, limits_, tokenizer_);
    if (spec_.too_long == TooLong::leave_out && is_too_long(question, limits_)) return false;
    demand_fits(question, limits_);
    return true;
  }

  /// Whether two options are the same tokens, so that the model cannot tell them apart.
  static bool reads_twice(const Question& question) {
    const std::set<std::vector<TokenId>> different(question.options.begin(), question.options.end());
    return different.size() < question.options.size();
  }

  const TaskSpec& spec_;
  const Tokenizer& tokenizer_;
  const Limits limits_;
  const Asker asker_;
};

/// Takes the items of some ids out of a language.
void drop(PreparedLanguage& language, const std::set<std::string>& ids) {
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < language.items.size(); ++i)
    if (!ids.contains(language.items[i].id)) kept.push_back(i);
  const auto keep = [&](auto& all) {
    std::remove_reference_t<decltype(all)> some;
    for (const std::size_t i : kept)
      if (!all.empty()) some.push_back(std::move(all[i]));
    all = std::move(some);
  };
  keep(language.items);
  keep(language.questions);
  keep(language.statements);
  keep(language.premises);
}

/// Takes the items of some ids out of a task. They must not all go.
void drop(PreparedTask& task, const std::set<std::string>& ids, const Limits& limits) {
  if (ids.empty()) return;
  drop(task.pivot, ids);
  for (PreparedLanguage& language : task.others) drop(language, ids);
  if (task.pivot.items.empty())
    fail("{}: every item is too long for the model, whose context holds {} tokens", task.spec.name, limits.context);
  task.left_out = {ids.begin(), ids.end()};
}

}  // namespace

std::vector<PreparedTask> prepare(const Experiment& experiment, const Tokenizer& tokenizer, const Config& config) {
  const Limits limits{config.context, config.vocabulary};
  std::vector<PreparedTask> prepared;
  std::map<std::string, std::set<std::string>> too_long;  // by task: protocols and orders ask the same items
  for (const TaskSpec& spec : experiment.tasks) {
    const TaskItems read = read_task_texts(spec, experiment.pivot);
    for (const TaskSpec& variant : variants_of(spec, read.languages.front().items)) {
      const Encoder encoder(variant, experiment.model, tokenizer, limits);
      PreparedTask one{.spec = variant, .files = {read.files.begin(), read.files.end()}};
      for (const std::filesystem::path& file : encoder.files()) one.files.push_back(file);
      for (const ItemsAndPool& language : read.languages) {
        PreparedLanguage encoded =
            encoder.encode(language.items, language.language, examples_of(read, language), too_long[spec.name]);
        if (&language == &read.languages.front())
          one.pivot = std::move(encoded);
        else
          one.others.push_back(std::move(encoded));
      }
      prepared.push_back(std::move(one));
    }
  }
  for (PreparedTask& task : prepared) drop(task, too_long[task.spec.name], limits);
  return prepared;
}

PreparedLanguage prepare_leniently(const TaskSpec& task, const Experiment& experiment, const Tokenizer& tokenizer,
                                   const Limits& limits, const std::vector<Item>& items,
                                   const std::vector<std::vector<Item>>& examples, std::set<std::string>& too_long,
                                   const std::function<void(const Item& item, const std::string& message)>& problem) {
  TaskSpec lenient = task;
  lenient.too_long = TooLong::leave_out;
  const Encoder encoder(lenient, experiment.model, tokenizer, limits);
  PreparedLanguage prepared;
  const auto move_to = [](std::vector<Question>& all, std::vector<Question>& one) {
    for (Question& question : one) all.push_back(std::move(question));
  };
  for (std::size_t i = 0; i < items.size(); ++i) {
    try {
      std::vector<std::vector<Item>> own;
      if (!examples.empty()) own.push_back(examples[i]);
      PreparedLanguage one = encoder.encode({items[i]}, items[i].language, own, too_long);
      prepared.items.push_back(items[i]);
      move_to(prepared.questions, one.questions);
      move_to(prepared.premises, one.premises);
    } catch (const Error& error) {
      problem(items[i], error.what());
    }
  }
  return prepared;
}

}  // namespace tertium
