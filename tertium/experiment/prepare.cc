#include "tertium/base/error.h"
#include "tertium/experiment/run.h"
#include "tertium/formats/model_path.h"
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
    if (!spec.chat) return;
    chat_ = ChatTemplate::open(find_model(model.string()));
    // The answer begins the model's turn, so that no space stands before it.
    if (spec.prompt.empty())
      for (std::string& letter : letters_.letters) letter.erase(0, letter.find_first_not_of(' '));
  }

  PreparedLanguage encode(std::vector<Item> items, const std::string& language) const {
    PreparedLanguage prepared{.language = language, .items = std::move(items)};
    for (const Item& item : prepared.items) {
      const Question asked = question(item);
      const std::string name = asked.name;
      prepared.joints_swallowed += asked.joint_swallowed;
      prepared.questions.push_back(fitting(asked));
      if (!scored_are_statements(item))
        prepared.statements.push_back(fitting(
            encode_continuations(tokenizer_, name + ", statements", item.statement_context, item.statement_options)));
      prepared.premises.push_back(
          fitting({.name = name + ", premise", .context = encode_prompt(tokenizer_, item.premise)}));
    }
    return prepared;
  }

 private:
  Question question(const Item& item) const {
    return spec_.protocol == Protocol::loglik
               ? loglik_question(tokenizer_, spec_.name, item)
               : letters_question(tokenizer_, spec_.name, item, letters_, chat_ ? &*chat_ : nullptr);
  }

  /// The same for all items of a task.
  bool scored_are_statements(const Item& item) const {
    return spec_.protocol == Protocol::loglik && item.context == item.statement_context &&
           item.options == item.statement_options;
  }

  Question fitting(Question question) const {
    demand_fits(question, limits_);
    return question;
  }

  const TaskSpec& spec_;
  const Tokenizer& tokenizer_;
  const Limits limits_;
  LettersTemplate letters_;
  std::optional<ChatTemplate> chat_;
};

}  // namespace

std::vector<PreparedTask> prepare(const Experiment& experiment, const Tokenizer& tokenizer, const Config& config) {
  const Limits limits{config.context, config.vocabulary};
  std::vector<PreparedTask> prepared;
  for (const TaskSpec& spec : experiment.tasks) {
    const Task& task = task_named(spec.name);
    const Encoder encoder(spec, experiment.model, tokenizer, limits);
    PreparedTask one{.spec = spec};
    const auto read = [&](const std::string& language) {
      one.files.push_back(task.file(spec.data, language, spec.split));
      return read_items(task, spec.data, language, spec.split);
    };
    const auto limited = [&](std::vector<Item> items) {
      if (spec.limit && items.size() > static_cast<std::size_t>(*spec.limit)) items.resize(*spec.limit);
      return items;
    };
    const std::vector<Item> pivot = read(experiment.pivot);
    one.pivot = encoder.encode(limited(pivot), experiment.pivot);
    for (const std::string& language : spec.languages)
      one.others.push_back(encoder.encode(limited(parallel_to(pivot, read(language))), language));
    prepared.push_back(std::move(one));
  }
  return prepared;
}

}  // namespace tertium
