#include "tertium/audit/audit.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

#include "tertium/audit/check.h"
#include "tertium/audit/plain_texts.h"
#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/formats/model_path.h"
#include "tertium/model/checkpoint.h"

namespace tertium {
namespace {

/// Collects findings, each once: a task may stand in an experiment in several protocols.
class Collector {
 public:
  explicit Collector(const Experiment& experiment) : experiment_(experiment) {}

  void add(const TaskSpec& task, const Check& check, std::vector<Finding> findings) {
    for (Finding& finding : findings) {
      finding.task = task.name;
      finding.check = check.name;
      if (std::ranges::find(findings_, finding) == findings_.end()) findings_.push_back(std::move(finding));
    }
  }

  std::vector<Finding> sorted() && {
    std::ranges::stable_sort(findings_, {}, [&](const Finding& finding) {
      return std::tuple(task_place(finding.task), language_place(finding), finding.severity);
    });
    return std::move(findings_);
  }

 private:
  std::size_t task_place(const std::string& name) const {
    return static_cast<std::size_t>(std::ranges::find(experiment_.tasks, name, &TaskSpec::name) -
                                    experiment_.tasks.begin());
  }

  /// The task as a whole, then the pivot, then the others in the order of the experiment.
  std::size_t language_place(const Finding& finding) const {
    if (finding.language.empty()) return 0;
    if (finding.language == experiment_.pivot) return 1;
    std::size_t place = 2;
    for (const TaskSpec& task : experiment_.tasks) {
      if (task.name != finding.task) continue;
      const auto found = std::ranges::find(task.languages, finding.language);
      if (found != task.languages.end()) return place + static_cast<std::size_t>(found - task.languages.begin());
      place += task.languages.size();
    }
    return place;
  }

  const Experiment& experiment_;
  std::vector<Finding> findings_;
};

void check_texts(const TaskTexts& texts, Collector& collector) {
  for (const Check* check : checks())
    if (check->texts) collector.add(texts.spec, *check, check->texts(texts));
}

void check_plain_texts(const Experiment& experiment, Collector& collector) {
  std::vector<PlainTexts> all = read_plain_texts(experiment);
  for (PlainTexts& plain : all) {
    const TaskTexts texts = plain.take();
    for (const Check* check : checks())
      if (check->plain) collector.add(texts.spec, *check, check->plain(texts));
  }
}

void check_tokens(const TaskTokens& tokens, Collector& collector) {
  for (const Check* check : checks())
    if (check->tokens) collector.add(tokens.task.spec, *check, check->tokens(tokens));
}

/// The model's side of an experiment, as far as it is there.
struct ModelSide {
  std::optional<Tokenizer> tokenizer;
  Limits limits{std::numeric_limits<int>::max(), std::numeric_limits<int>::max()};
};

ModelSide open_model(const std::filesystem::path& model, std::vector<std::string>& left_out) {
  ModelSide side;
  std::filesystem::path path;
  try {
    path = find_model(model.string());
    side.tokenizer = Tokenizer::open(path);
  } catch (const Error& error) {
    left_out.push_back(
        fmt::format("The checks of tokens (joint, too_long, fertility), without a tokenizer: {}", error.what()));
    return side;
  }
  try {
    const Config config = config_and_files(path).first;
    side.limits = {config.context, config.vocabulary};
  } catch (const Error& error) {
    left_out.push_back(
        fmt::format("Whether items fit the model's context (too_long), without the model: {}", error.what()));
  }
  return side;
}

/// A task as a run would prepare it, less what stops a run.
struct LenientTask {
  PreparedTask task;
  std::map<std::string, UnaskedItems> unasked;
};

LenientTask prepare_task(const Experiment& experiment, const TaskTexts& texts, const ModelSide& model,
                         std::set<std::string>& too_long) {
  LenientTask lenient{.task = {.spec = texts.spec}};
  for (const LanguageTexts& language : texts.languages) {
    std::vector<std::vector<Item>> examples;
    for (const Item& item : language.items) examples.push_back(examples_of(texts, language, item.id));
    const auto problem = [&](const Item& item, const std::string& message) {
      UnaskedItems& unasked = lenient.unasked[language.language];
      unasked.items.push_back(item.id);
      if (unasked.message.empty()) unasked.message = message;
    };
    PreparedLanguage prepared;
    try {
      prepared = prepare_leniently(texts.spec, experiment, *model.tokenizer, model.limits, language.items, examples,
                                   too_long, problem);
    } catch (const Error& error) {
      lenient.unasked[language.language].message = error.what();
    }
    prepared.language = language.language;
    if (&language == &texts.pivot())
      lenient.task.pivot = std::move(prepared);
    else
      lenient.task.others.push_back(std::move(prepared));
  }
  return lenient;
}

std::size_t special_tokens(const Tokenizer& tokenizer) { return encode_prompt(tokenizer, "").size(); }

}  // namespace

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::note:
      break;
  }
  return "note";
}

std::size_t Audit::count(Severity severity) const {
  return static_cast<std::size_t>(std::ranges::count(findings, severity, &Finding::severity));
}

std::string counted(const Audit& audit) {
  std::vector<std::string> parts;
  for (const Severity severity : {Severity::error, Severity::warning, Severity::note})
    if (const std::size_t count = audit.count(severity); count > 0)
      parts.push_back(fmt::format("{} {}{}", count, to_string(severity), count == 1 ? "" : "s"));
  return parts.empty() ? "nothing" : join(parts);
}

Audit audit(const Experiment& experiment) {
  Audit audit;
  Collector collector(experiment);
  const ModelSide model = open_model(experiment.model, audit.left_out);
  std::vector<LenientTask> lenient;
  std::map<std::string, std::set<std::string>> too_long;  // by task, as in a run
  for (const TaskSpec& spec : experiment.tasks) {
    const TaskTexts texts = read_texts(spec, experiment.pivot);
    check_texts(texts, collector);
    if (model.tokenizer) lenient.push_back(prepare_task(experiment, texts, model, too_long[spec.name]));
  }
  for (LenientTask& one : lenient) {
    const std::set<std::string>& ids = too_long[one.task.spec.name];
    one.task.left_out = {ids.begin(), ids.end()};
    check_tokens({one.task, model.limits, special_tokens(*model.tokenizer), one.unasked}, collector);
  }
  check_plain_texts(experiment, collector);
  audit.findings = std::move(collector).sorted();
  return audit;
}

Audit audit(const Experiment& experiment, const std::vector<PreparedTask>& tasks, const Tokenizer& tokenizer,
            const Limits& limits) {
  Collector collector(experiment);
  for (const TaskSpec& spec : experiment.tasks) check_texts(read_texts(spec, experiment.pivot), collector);
  for (const PreparedTask& task : tasks) check_tokens({task, limits, special_tokens(tokenizer)}, collector);
  check_plain_texts(experiment, collector);
  return {std::move(collector).sorted(), {}};
}

}  // namespace tertium
