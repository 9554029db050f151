// A commented experiment file, from flags or from a few questions.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <sstream>

#include "tertium/base/error.h"
#include "tertium/base/file.h"
#include "tertium/base/text.h"
#include "tertium/base/toml.h"
#include "tertium/cli/command.h"
#include "tertium/experiment/experiment.h"
#include "tertium/tasks/task.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;

struct NewOptions {
  std::string file = "experiment.toml";
  std::string model, task, data, languages, pivot, protocol;
};

/// One thing that an experiment must say.
struct WantedKey {
  const char* flag;
  const char* text;
  std::string NewOptions::*answer;
  const char* fallback;  // what an empty answer means; null: there is none
};
constexpr WantedKey kWanted[] = {
    {"--model", "The model: a Hugging Face folder, a .gguf file, or owner/name in the local cache", &NewOptions::model,
     nullptr},
    {"--task", "The benchmark: belebele, xcopa, xstorycloze … or items, a format of your own", &NewOptions::task,
     nullptr},
    {"--data", "The folder that holds its files", &NewOptions::data, nullptr},
    {"--languages", "The languages to compare, as the files name them, with commas between", &NewOptions::languages,
     nullptr},
    {"--pivot", "The language that they are compared with", &NewOptions::pivot, "en"},
    {"--protocol", "How answers are read: loglik, or letters (A, B … after a prompt)", &NewOptions::protocol, "loglik"},
};

std::string asked(const WantedKey& key) {
  for (;;) {
    fmt::print("{}{}: ", key.text, key.fallback ? fmt::format(" [{}]", key.fallback) : "");
    std::fflush(stdout);
    std::string line;
    if (!std::getline(std::cin, line)) fail("no answer; give {} on the command line", key.flag);
    if (!is_utf8(line)) fail("the answer is not UTF-8; check the terminal's encoding");
    if (const std::string_view answer = strip(line); !answer.empty()) return std::string(answer);
    if (key.fallback) return key.fallback;
  }
}

void complete(NewOptions& options) {
  std::vector<std::string> missing;
  for (const WantedKey& key : kWanted) {
    std::string& answer = options.*key.answer;
    if (!answer.empty()) continue;
    if (isatty(STDIN_FILENO))
      answer = asked(key);
    else if (key.fallback)
      answer = key.fallback;
    else
      missing.emplace_back(key.flag);
  }
  if (!missing.empty()) fail("give {}; on a terminal tertium new asks for them", join(missing));
}

/// A TOML string.
std::string quoted_text(std::string_view text) {
  std::ostringstream quoted;
  quoted << toml::value<std::string>(std::string(text));
  return quoted.str();
}

std::string list_of(std::string_view names) {
  std::vector<std::string> quoted;
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(','), names.size());
    if (const std::string_view name = strip(names.substr(0, end)); !name.empty()) quoted.push_back(quoted_text(name));
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return join(quoted);
}

std::string experiment_text(const NewOptions& options) {
  return fmt::format(
      R"(# What tertium runs: tertium run {file} --out results
# Every key is explained in docs/experiment.md; --set key=value replaces one on the command line.

model = {model}
dtype = "auto"             # f32 is exact, bf16 faster where the CPU multiplies it
pivot = {pivot}               # the language that the others are compared with

[[task]]
name = {task}
data = {data}
languages = [{languages}]
protocol = {protocol}
# limit = 100              # the first items only: a quick look before a long run

# Is the meaning of an item where its English counterpart's is, layer by layer?
[align]

# Does the pivot's state repair what goes wrong? Controls tell repair from mere disturbance.
[patch]
directions = ["fix"]       # put the pivot's state into items that only the pivot gets right; "keep" asks for harm
sites = ["resid_post"]     # where: the stream after each block
positions = ["last"]       # at the token that predicts the answer
controls = ["self", "same_gold", "mean_shift", "norm_noise"]
draws = 3                  # donors drawn for each item by a control that draws
# max_items = 50           # patches are what takes long
)",
      fmt::arg("file", options.file), fmt::arg("model", quoted_text(options.model)),
      fmt::arg("pivot", quoted_text(options.pivot)), fmt::arg("task", quoted_text(options.task)),
      fmt::arg("data", quoted_text(options.data)), fmt::arg("languages", list_of(options.languages)),
      fmt::arg("protocol", quoted_text(options.protocol)));
}

void write_new(NewOptions options) {
  if (fs::exists(fs::symlink_status(options.file)))
    fail("{}: is there already; give another name, or take it away", options.file);
  complete(options);
  if (!write_file(options.file, experiment_text(options)))
    fail("{}: cannot be written; is the folder there?", options.file);
  try {
    read_experiment(options.file, {});
  } catch (const Error&) {
    std::error_code ignored;
    fs::remove(options.file, ignored);  // nobody should find half an answer in it
    throw;
  }
  fmt::print("Wrote {0}. Next: tertium audit {0}, then tertium run {0} --out results\n", options.file);
}

}  // namespace

void add_new(CLI::App& app) {
  CLI::App& command = add_command(app, "new", "Write a commented experiment file, by asking or from flags",
                                  "tertium new my.toml --model model.gguf --task xcopa --data xcopa --languages it,zh");
  const auto options = std::make_shared<NewOptions>();
  command.add_option("file", options->file, "The file to write; it must not be there")->capture_default_str();
  for (const WantedKey& key : kWanted) command.add_option(key.flag, (*options).*key.answer, key.text);
  command.callback([options] { write_new(*options); });
}

}  // namespace tertium
