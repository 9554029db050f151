#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/cli/command.h"
#include "tertium/cli/wrapped.h"
#include "tertium/experiment/asker.h"
#include "tertium/experiment/experiment.h"
#include "tertium/experiment/task_texts.h"

namespace tertium {
namespace {

struct Options {
  std::string experiment;
  std::vector<std::string> settings;
  std::string task;
  std::vector<std::string> languages;
  std::string item;
  bool json = false;
};

/// An item of one language, as one protocol asks it.
struct AskedItem {
  const Item& item;
  std::vector<ScoredText> texts;  // [n_options]
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

void print_asked(const AskedItem& asked, Protocol protocol) {
  const Item& item = asked.item;
  fmt::print("\n{}\n", printable(item.language));
  for (std::size_t k = 0; k < asked.texts.size(); ++k) {
    if (k == 0 || asked.texts[k].before != asked.texts[k - 1].before) print_prompt(asked.texts[k].before);
    std::string option = quoted(asked.texts[k].scored);
    if (protocol == Protocol::letters) option += " for " + quoted(item.choices[k]);
    print_broken(fmt::format("  {}: ", k), option + (k == item.gold ? " (gold)" : ""));
  }
}

nlohmann::ordered_json as_json(const AskedItem& asked, const TaskSpec& task, std::size_t shots) {
  const Item& item = asked.item;
  nlohmann::ordered_json json = {{"task", task.name},
                                 {"protocol", task.stored_protocol()},
                                 {"language", item.language},
                                 {"item", item.id},
                                 {"category", item.category},
                                 {"shots", shots},
                                 {"options", nlohmann::ordered_json::array()}};
  for (std::size_t k = 0; k < asked.texts.size(); ++k)
    json["options"].push_back({{"before", asked.texts[k].before},
                               {"scored", asked.texts[k].scored},
                               {"choice", item.choices[k]},
                               {"is_gold", k == item.gold}});
  return json;
}

/// Where the item stands in all languages.
std::size_t index_of(const std::vector<Item>& items, const std::string& id, const TaskSpec& task) {
  if (id.empty()) return 0;
  const auto found = std::ranges::find(items, id, &Item::id);
  if (found == items.end())
    fail("--item {}: the experiment asks no item of that id in {}; the first of {} is \"{}\"", printable(id), task.name,
         items.size(), printable(items.front().id));
  return static_cast<std::size_t>(found - items.begin());
}

void demand_known(const Options& options, const Experiment& experiment) {
  std::vector<std::string> tasks, languages = {experiment.pivot};
  for (const TaskSpec& task : experiment.tasks) {
    tasks.push_back(task.name);
    languages.insert(languages.end(), task.languages.begin(), task.languages.end());
  }
  if (tasks.empty())
    fail("{}: has no task that asks items; a task named \"parallel\" has sentences only", options.experiment);
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

void print_heading(const TaskSpec& task, const Item& item, std::size_t shots) {
  fmt::print("{}\n",
             wrapped(fmt::format("── {}, {}, item {}{}{} ──", task.name, task.stored_protocol(), printable(item.id),
                                 item.category.empty() ? "" : " (" + printable(item.category) + ")",
                                 shots == 0   ? ""
                                 : shots == 1 ? ", after 1 example"
                                              : fmt::format(", after {} examples", shots))));
  fmt::print("{}\n", wrapped(reading(task)));
}

void prompt(const Options& options) {
  const Experiment experiment = read_experiment(options.experiment, options.settings);
  demand_known(options, experiment);
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  bool is_first = true;
  for (const TaskSpec& spec : experiment.tasks) {
    if (!options.task.empty() && spec.name != options.task) continue;
    const TaskItems task = read_task_texts(spec, experiment.pivot);
    const std::vector<Item>& pivot = task.languages.front().items;
    const std::size_t index = index_of(pivot, options.item, spec);
    const std::size_t shots = task.shots.empty() ? 0 : task.shots[index].size();
    for (const TaskSpec& variant : variants_of(spec, pivot)) {
      const Asker asker(variant, experiment.model);
      if (!options.json) {
        if (!is_first) fmt::print("\n");
        print_heading(variant, pivot[index], shots);
      }
      is_first = false;
      for (const ItemsAndPool& language : task.languages) {
        if (!is_shown(language.language, options.languages)) continue;
        const std::vector<std::vector<Item>> examples = examples_of(task, language);
        const Item& item = language.items[index];
        const AskedItem asked{item, asker.texts(item, examples.empty() ? std::vector<Item>{} : examples[index])};
        if (options.json)
          json.push_back(as_json(asked, variant, shots));
        else
          print_asked(asked, spec.protocol);
      }
    }
  }
  if (options.json) fmt::print("{}\n", nlohmann::ordered_json{{"prompts", json}}.dump());
}

}  // namespace

void add_prompt(CLI::App& app) {
  CLI::App& command = add_command(app, "prompt", "Show how an item is asked, as text: in every language and protocol",
                                  "tertium prompt examples/demo.toml --language it");
  const auto options = std::make_shared<Options>();
  command.add_option("experiment", options->experiment, "The experiment file (TOML; docs/experiment.md)")->required();
  command.add_option("--task", options->task, "This task alone, by its name in the file");
  command.add_option("--language", options->languages, "These languages alone, it,zh; the pivot is one, too")
      ->delimiter(',');
  command.add_option("--item", options->item, "The item's id; the first item if absent");
  command
      .add_option("--set", options->settings,
                  "Replace a key of the experiment: key=value, for example task.chat=true; may be repeated")
      ->allow_extra_args(false);
  command.add_flag("--json", options->json, "One JSON object, with the texts whole and as they are");
  command.callback([options] { prompt(*options); });
}

}  // namespace tertium
