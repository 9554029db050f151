#include "tertium/base/error.h"
#include "tertium/experiment/run.h"
#include "tertium/tasks/prompts.h"
#include "tertium/tasks/task.h"

namespace tertium {
namespace {

PreparedLanguage encode(const TaskSpec& spec, std::vector<Item> items, const std::string& language, const Tokenizer& tokenizer,
                        const LettersTemplate& letters, int context) {
  PreparedLanguage prepared{.language = language, .items = std::move(items)};
  for (const Item& item : prepared.items) {
    prepared.questions.push_back(spec.protocol == Protocol::loglik ? loglik_question(tokenizer, spec.name, item)
                                                                   : letters_question(tokenizer, spec.name, item, letters));
    demand_fits(prepared.questions.back(), context);
    prepared.joints_swallowed += prepared.questions.back().joint_swallowed;
  }
  return prepared;
}

}  // namespace

std::vector<PreparedTask> prepare(const Experiment& experiment, const Tokenizer& tokenizer, const Config& config) {
  std::vector<PreparedTask> prepared;
  for (const TaskSpec& spec : experiment.tasks) {
    const Task& task = task_named(spec.name);
    const LettersTemplate letters = spec.protocol == Protocol::letters ? letters_template(task, spec.prompt) : LettersTemplate{};
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
    one.pivot = encode(spec, limited(pivot), experiment.pivot, tokenizer, letters, config.context);
    for (const std::string& language : spec.languages)
      one.others.push_back(
          encode(spec, limited(parallel_to(pivot, read(language))), language, tokenizer, letters, config.context));
    prepared.push_back(std::move(one));
  }
  return prepared;
}

}  // namespace tertium
