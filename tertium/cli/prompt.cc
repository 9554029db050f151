#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/cli/command.h"
#include "tertium/cli/wrapped.h"
#include "tertium/experiment/asker.h"
#include "tertium/experiment/experiment.h"
#include "tertium/experiment/open_questions.h"
#include "tertium/experiment/task_texts.h"
#include "tertium/experiment/translation_texts.h"
#include "tertium/formats/model_path.h"
#include "tertium/store/store.h"

namespace tertium {
namespace {

struct PromptOptions {
  std::string experiment;
  std::vector<std::string> settings;
  std::string task;
  std::vector<std::string> languages;
  std::string item;
  bool json = false;
};

/// What goes on with a prompt and is scored, or would be right.
struct Following {
  std::string label;   // "0", "reference"
  std::string before;  // the prompt
  std::string scored;  // behind it
  std::string choice;  // what it stands for
  bool is_gold = true;
  std::string note = {};  // printed behind it
};

/// An item in one language, as one protocol asks it.
struct AskedItem {
  std::string language;
  std::vector<Following> followings;
};

/// An item in all languages that are asked for.
struct AskedEverywhere {
  std::string task, protocol, item, category;
  std::size_t shots = 0;
  std::string reading;  // what is done with it, in a sentence
  std::vector<AskedItem> languages;
};

constexpr std::size_t kWhole = std::string::npos;  // of a text, however long
constexpr char kGoesOn[] = "[...]";

std::string quoted(const std::string& text) { return fmt::format("\"{}\"", printable(text, kWhole)); }

/// What the protocol makes of each option, in a sentence.
std::string reading(const TaskSpec& task) {
  if (task.protocol == Protocol::letters)
    return fmt::format("At {} the logits of the options' letters are compared.", kGoesOn);
  const std::string by = task.rule == ScoreRule::sum             ? ""
                         : task.rule == ScoreRule::per_character ? ", divided by its characters"
                                                                 : ", divided by its bytes";
  return fmt::format("At {} each option goes on, and the log-probabilities of its tokens are summed{}.", kGoesOn, by);
}

/// A text in pieces of at most `width` code points, broken after spaces where there are any; nothing of it is lost.
std::vector<std::string_view> broken(std::string_view text, std::size_t width) {
  std::vector<std::string_view> pieces;
  while (code_points(text) > width) {
    std::size_t end = 0;  // byte of the code point that is one too many
    for (std::size_t count = 0; end < text.size(); ++end)
      if ((static_cast<unsigned char>(text[end]) & 0xC0) != 0x80 && count++ == width) break;
    if (const std::size_t space = text.substr(0, end).rfind(' '); space != text.npos) end = space + 1;
    pieces.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  pieces.push_back(text);
  return pieces;
}

/// The lead before the first line, blanks before those that go on with it.
void print_broken(const std::string& lead, const std::string& text) {
  constexpr std::size_t kColumns = 80;
  std::string before = lead;
  for (const std::string_view piece : broken(text, kColumns - lead.size())) {
    fmt::print("{}{}\n", before, piece);
    before.assign(lead.size(), ' ');
  }
}

/// Each of its lines behind a bar, the last one up to where it goes on.
void print_prompt(const std::string& text) {
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n', begin)) {
    print_broken("  | ", printable(std::string_view(text).substr(begin, end - begin), kWhole));
    begin = end + 1;
  }
  print_broken("  | ", printable(std::string_view(text).substr(begin), kWhole) + kGoesOn);
}

void print_asked(const AskedItem& asked) {
  fmt::print("\n{}\n", printable(asked.language));
  const std::string* shown = nullptr;
  for (const Following& one : asked.followings) {
    if (!shown || *shown != one.before) print_prompt(one.before);
    shown = &one.before;
    print_broken(fmt::format("  {}: ", one.label), quoted(one.scored) + one.note);
  }
}

void print_all(const AskedEverywhere& asked) {
  const std::string category = asked.category.empty() ? "" : " (" + printable(asked.category) + ")";
  const std::string after = asked.shots == 0   ? ""
                            : asked.shots == 1 ? ", after 1 example"
                                               : fmt::format(", after {} examples", asked.shots);
  fmt::print("{}\n{}\n",
             wrapped(fmt::format("── {}, {}, item {}{}{} ──", asked.task, asked.protocol, printable(asked.item),
                                 category, after)),
             wrapped(asked.reading));
  for (const AskedItem& language : asked.languages) print_asked(language);
}

void add_json(const AskedEverywhere& all, nlohmann::ordered_json& prompts) {
  for (const AskedItem& asked : all.languages) {
    nlohmann::ordered_json json = {{"task", all.task},
                                   {"protocol", all.protocol},
                                   {"language", asked.language},
                                   {"item", all.item},
                                   {"category", all.category},
                                   {"shots", all.shots},
                                   {"options", nlohmann::ordered_json::array()}};
    for (const Following& one : asked.followings)
      json["options"].push_back(
          {{"before", one.before}, {"scored", one.scored}, {"choice", one.choice}, {"is_gold", one.is_gold}});
    prompts.push_back(std::move(json));
  }
}

/// Where an item stands among those of a task, the first without an id.
std::size_t index_of(const std::vector<std::string>& ids, const std::string& id, const std::string& task) {
  if (id.empty()) return 0;
  const auto found = std::ranges::find(ids, id);
  if (found == ids.end())
    fail("--item {}: the experiment asks no item of that id in {}; the first of {} is \"{}\"", printable(id), task,
         ids.size(), printable(ids.front()));
  return static_cast<std::size_t>(found - ids.begin());
}

void demand_known(const PromptOptions& options, const Experiment& experiment) {
  std::vector<std::string> tasks, languages = {experiment.pivot};
  for (const TaskSpec& task : experiment.tasks) {
    tasks.push_back(task.name);
    languages.insert(languages.end(), task.languages.begin(), task.languages.end());
  }
  for (const TranslateSpec& task : experiment.translations) {
    tasks.emplace_back(kTranslate);
    languages.insert(languages.end(), task.text.languages.begin(), task.text.languages.end());
  }
  if (experiment.open_answers) {
    tasks.emplace_back(kGenerate);
    const std::vector<std::string>& own = experiment.open_answers->languages;
    languages.insert(languages.end(), own.begin(), own.end());
  }
  if (tasks.empty())
    fail("{}: has no task that asks anything; a task named \"parallel\" has sentences only", options.experiment);
  const auto demand = [&](const char* option, const std::string& name, std::vector<std::string> known) {
    if (std::ranges::find(known, name) != known.end()) return;
    std::ranges::sort(known);
    known.erase(std::ranges::unique(known).begin(), known.end());
    for (std::string& one : known) one = printable(one);
    fail("{} {}: not in {}; there: {}", option, printable(name), options.experiment, join(known));
  };
  if (!options.task.empty()) demand("--task", options.task, tasks);
  for (const std::string& language : options.languages) demand("--language", language, languages);
}

/// The languages that are asked for; without any, all.
bool is_shown(const std::string& language, const std::vector<std::string>& chosen) {
  return chosen.empty() || std::ranges::find(chosen, language) != chosen.end();
}

std::vector<AskedEverywhere> asked_items(const PromptOptions& options, const Experiment& experiment,
                                         const TaskSpec& spec) {
  const TaskItems task = read_task_texts(spec, experiment.pivot);
  const std::vector<Item>& pivot = task.languages.front().items;
  std::vector<std::string> ids;
  for (const Item& item : pivot) ids.push_back(item.id);
  const std::size_t index = index_of(ids, options.item, spec.name);
  std::vector<AskedEverywhere> all;
  for (const TaskSpec& variant : variants_of(spec, pivot)) {
    const Asker asker(variant, experiment.model);
    AskedEverywhere asked{.task = variant.name,
                          .protocol = variant.stored_protocol(),
                          .item = pivot[index].id,
                          .category = pivot[index].category,
                          .shots = task.shots.empty() ? 0 : task.shots[index].size(),
                          .reading = reading(variant),
                          .languages = {}};
    for (const ItemsAndPool& language : task.languages) {
      if (!is_shown(language.language, options.languages)) continue;
      const std::vector<std::vector<Item>> examples = examples_of(task, language);
      const Item& item = language.items[index];
      AskedItem& own = asked.languages.emplace_back(AskedItem{language.language, {}});
      const auto texts = asker.texts(item, examples.empty() ? std::vector<Item>{} : examples[index]);
      for (std::size_t k = 0; k < texts.size(); ++k) {
        const std::string letter = variant.protocol == Protocol::letters ? " for " + quoted(item.choices[k]) : "";
        own.followings.push_back({std::to_string(k), texts[k].before, texts[k].scored, item.choices[k], k == item.gold,
                                  letter + (k == item.gold ? " (gold)" : "")});
      }
    }
    all.push_back(std::move(asked));
  }
  return all;
}

/// How a text that the model writes ends.
std::string ending(const std::vector<std::string>& stops, int most_tokens) {
  std::vector<std::string> all;
  for (const std::string& stop : stops) all.push_back(stop == "\n" ? "the end of a line" : quoted(stop));
  return fmt::format("It ends at {}, where the model ends it, or after {} tokens.", join(all, " or "), most_tokens);
}

AskedEverywhere asked_translation(const PromptOptions& options, const Experiment& experiment,
                                  const TranslateSpec& spec) {
  TranslationTexts texts(spec, experiment.model, experiment.pivot);
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < texts.size(); ++i) ids.push_back(std::to_string(texts.first_line() + i));
  const std::string task = spec.task();
  const std::size_t index = index_of(ids, options.item, task);
  AskedEverywhere asked{
      .task = task,
      .protocol = std::string(to_string(Protocol::loglik)),
      .item = ids[index],
      .category = "",
      .shots = texts.shots().size(),
      .reading = fmt::format("At {} the log-probabilities of the reference's tokens are summed, and the "
                             "model translates. {}",
                             kGoesOn, ending(texts.form().stops, spec.most_tokens)),
      .languages = {}};
  for (const std::string& language : with_pivot(experiment.pivot, spec.text.languages)) {
    if (!is_shown(language, options.languages)) continue;
    const AskedSentence one = texts.asked(language, spec.target)[index];
    asked.languages.push_back({language, {{"reference", one.prompt.text, one.continuation, one.answer}}});
  }
  return asked;
}

AskedEverywhere asked_question(const PromptOptions& options, const Experiment& experiment, const GenerateSpec& spec) {
  std::optional<ChatTemplate> chat;
  if (spec.chat) chat = ChatTemplate::open(find_model(experiment.model.string()));
  const std::vector<QuestionTexts> sides = read_question_texts(spec, experiment.pivot);
  std::vector<std::string> ids;
  for (const OpenQuestion& question : sides.front().questions) ids.push_back(question.id);
  const std::size_t index = index_of(ids, options.item, kGenerate);
  const char* judged = spec.match == AnswerMatch::exact      ? "is an answer but for case and punctuation"
                       : spec.match == AnswerMatch::contains ? "contains an answer, but for case and punctuation"
                                                             : "matches a pattern";
  AskedEverywhere asked{.task = kGenerate,
                        .protocol = kOnlyCorrect,
                        .item = ids[index],
                        .category = "",
                        .reading = fmt::format("At {} the model answers, and is right where what it writes {}. {}",
                                               kGoesOn, judged, ending(spec.stops, spec.most_tokens)),
                        .languages = {}};
  for (const QuestionTexts& side : sides) {
    if (!is_shown(side.language, options.languages)) continue;
    const OpenQuestion& question = side.questions[index];
    const OpenPrompt prompt = open_prompt(question, chat ? &*chat : nullptr);
    AskedItem& own = asked.languages.emplace_back(AskedItem{side.language, {}});
    const bool is_pattern = spec.match == AnswerMatch::regex;
    for (const std::string& answer : question.answers)
      own.followings.push_back(
          {is_pattern ? "pattern" : "answer", prompt.text, is_pattern ? answer : prompt.between + answer, answer});
  }
  return asked;
}

void prompt(const PromptOptions& options) {
  const Experiment experiment = read_experiment(options.experiment, options.settings);
  demand_known(options, experiment);
  const auto is_wanted = [&](std::string_view task) { return options.task.empty() || options.task == task; };
  std::vector<AskedEverywhere> all;
  for (const TaskSpec& spec : experiment.tasks)
    if (is_wanted(spec.name))
      for (AskedEverywhere& asked : asked_items(options, experiment, spec)) all.push_back(std::move(asked));
  if (is_wanted(kTranslate))
    for (const TranslateSpec& spec : experiment.translations)
      all.push_back(asked_translation(options, experiment, spec));
  if (experiment.open_answers && is_wanted(kGenerate))
    all.push_back(asked_question(options, experiment, *experiment.open_answers));

  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const AskedEverywhere& asked : all) {
    if (options.json)
      add_json(asked, json);
    else
      print_all(asked);
    if (!options.json && &asked != &all.back()) fmt::print("\n");
  }
  if (options.json) fmt::print("{}\n", nlohmann::ordered_json{{"prompts", json}}.dump());
}

}  // namespace

void add_prompt(CLI::App& app) {
  CLI::App& command = add_command(app, "prompt", "Show how an item is asked, as text: in every language and protocol",
                                  "tertium prompt examples/demo.toml --language it");
  const auto options = std::make_shared<PromptOptions>();
  command.add_option("experiment", options->experiment, "The experiment file (TOML; docs/experiment.md)")->required();
  command.add_option("--task", options->task, "This task alone, by its name in the file");
  command.add_option("--language", options->languages, "These languages alone, it,zh; the pivot is one, too")
      ->delimiter(',');
  command.add_option("--item", options->item, "The item's id (of a translation, its line from 0); the first if absent");
  command
      .add_option("--set", options->settings,
                  "Replace a key of the experiment: key=value, for example task.chat=true; may be repeated")
      ->allow_extra_args(false);
  command.add_flag("--json", options->json, "One JSON object, with the texts whole and as they are");
  command.callback([options] { prompt(*options); });
}

}  // namespace tertium
