#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/cli/command.h"
#include "tertium/cli/print_positions.h"
#include "tertium/experiment/experiment.h"
#include "tertium/experiment/run.h"
#include "tertium/formats/model_path.h"
#include "tertium/model/checkpoint.h"
#include "tertium/protocols/question.h"
#include "tertium/tokenizer/tokenizer.h"

namespace tertium {
namespace {

struct TokenizeOptions {
  std::string model;
  std::optional<std::string> text;
  bool no_special = false;
  bool json = false;
  // With an experiment in place of the text:
  std::string experiment;
  std::string language;
  std::string item;
  std::vector<std::string> settings;
};

void tokenize(const TokenizeOptions& options) {
  const Tokenizer tokenizer = Tokenizer::open(find_model(options.model));
  const std::string& text = *options.text;
  const auto [encoding, spells_bos] =
      options.no_special ? Prompt{tokenizer.encode(text, false)} : read_prompt(tokenizer, text);
  if (spells_bos) fmt::print(stderr, "note: the text begins with the tokenizer's BOS already; none is put before it\n");
  if (!options.json) fmt::print("{:>8}  {:<20} {:<12} {}\n", "id", "piece", "bytes", "text");
  for (std::size_t t = 0; t < encoding.ids.size(); ++t) {
    const auto [begin, end] = encoding.offsets[t];
    const std::string piece = tokenizer.piece(encoding.ids[t]), part = text.substr(begin, end - begin);
    if (options.json)
      fmt::print(
          "{}\n",
          nlohmann::json({{"id", encoding.ids[t]}, {"piece", piece}, {"begin", begin}, {"end", end}, {"text", part}})
              .dump());
    else
      fmt::print("{:>8}  {:<20} {:<12} {}\n", encoding.ids[t], printable(piece), fmt::format("{}..{}", begin, end),
                 printable(part));
  }
}

const PreparedLanguage& language_of(const PreparedTask& task, const std::string& name) {
  if (name.empty()) return task.others.empty() ? task.pivot : task.others.front();
  std::vector<std::string> known = {task.pivot.language};
  for (const PreparedLanguage& language : task.others) {
    if (language.language == name) return language;
    known.push_back(language.language);
  }
  if (name != task.pivot.language)
    fail("--language {}: {} is asked in {} only", printable(name), task.spec.name, join(known));
  return task.pivot;
}

std::size_t item_of(const PreparedTask& task, const std::string& id) {
  for (std::size_t i = 0; i < task.pivot.items.size(); ++i)
    if (id.empty() || task.pivot.items[i].id == id) return i;
  fail("--item {}: {} has no item of that id; the first is \"{}\"", printable(id), task.spec.name,
       printable(task.pivot.items.front().id));
}

void show_positions(const TokenizeOptions& options) {
  Experiment experiment = read_experiment(options.experiment, options.settings);
  experiment.model = options.model;
  const std::filesystem::path model = find_model(options.model);
  const Tokenizer tokenizer = Tokenizer::open(model);
  const std::vector<PreparedTask> tasks = prepare(experiment, tokenizer, Checkpoint(model).config());
  for (const PreparedTask& task : tasks) {
    const std::size_t item = item_of(task, options.item);
    const PreparedLanguage& other = language_of(task, options.language);
    std::vector<AskedText> texts = {{task.pivot.language, task.pivot.questions[item]}};
    if (&other != &task.pivot) texts.push_back({other.language, other.questions[item]});
    const std::string title = fmt::format("{}, {}, item {}", task.spec.name, task.spec.stored_protocol(),
                                          printable(task.pivot.items[item].id));
    options.json ? print_positions_json(tokenizer, texts, title) : print_positions(tokenizer, texts, title);
  }
}

void run(const TokenizeOptions& options) {
  if (options.text.has_value() == !options.experiment.empty())
    fail("give either a text, or --positions with an experiment file");
  options.experiment.empty() ? tokenize(options) : show_positions(options);
}

}  // namespace

void add_tokenize(CLI::App& app) {
  CLI::App& command = add_command(app, "tokenize", "Show a text's token ids, pieces and byte offsets",
                                  "tertium tokenize models/gemma-3-270m.gguf \"L'uomo aprì il rubinetto.\"");
  const auto options = std::make_shared<TokenizeOptions>();
  command.add_option("model", options->model, kModelHelp)->required();
  command.add_option("text", options->text, "The text");
  command.add_flag("--no-special", options->no_special, "Without BOS and other special tokens");
  command.add_flag("--json", options->json, "One JSON object a token");
  CLI::Option* positions = command.add_option("--positions", options->experiment,
                                              "In place of a text: show an item of this experiment file as it is "
                                              "asked, in two languages side by side, with the "
                                              "positions that patches know (docs/methods.md)");
  command
      .add_option("--language", options->language, "The language beside the pivot; the experiment's first if absent")
      ->needs(positions);
  command.add_option("--item", options->item, "The item's id; the first item if absent")->needs(positions);
  command.add_option("--set", options->settings, "Replace a key of the experiment: key=value; may be repeated")
      ->allow_extra_args(false)
      ->needs(positions);
  command.callback([options] { run(*options); });
}

}  // namespace tertium
