#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/cli/command.h"
#include "tertium/cli/process.h"
#include "tertium/engine/engine.h"
#include "tertium/engine/greedy.h"
#include "tertium/experiment/kept_intervention.h"
#include "tertium/formats/model_path.h"
#include "tertium/protocols/question.h"
#include "tertium/tokenizer/chat.h"

namespace tertium {
namespace {

struct GenerateOptions {
  std::string model;
  std::filesystem::path adapter, intervention;
  std::string prompt;
  int count = 20;
  std::string dtype = "auto";
  int threads = 0;
  Hardware hardware;
  bool chat = false;
  bool json = false;
};

/// What the model is to continue: the prompt, or a conversation in which a user says it.
std::string prompt_text(const GenerateOptions& options, const std::filesystem::path& model) {
  if (!options.chat) return options.prompt;
  const Message said{"user", options.prompt};
  return render_chat(ChatTemplate::open(model), {&said, 1}, /*add_generation_prompt=*/true);
}

void generate(const GenerateOptions& options) {
  set_threads(options.threads);
  const std::filesystem::path model = find_model(options.model);
  const Tokenizer tokenizer = Tokenizer::open(model);
  give_back_freed_memory();
  const std::vector<TokenId> prompt = encode_prompt(tokenizer, prompt_text(options, model));
  if (prompt.empty()) fail("the prompt has no tokens; give some text");
  const Engine engine(Model::load(model, options.dtype, options.adapter, options.hardware));
  std::optional<KeptIntervention> intervention;
  if (!options.intervention.empty()) intervention = read_intervention(options.intervention, engine.model().config());

  std::string shown, before = options.json || options.chat ? "" : options.prompt;  // printed once the model has begun
  const auto show = [&](std::span<const TokenId> made) {
    const std::string text = tokenizer.decode({made.begin(), made.end()});
    // A character of several tokens is whole with the last of them.
    if (options.json || !is_utf8(text) || !text.starts_with(shown) || text.ends_with("\uFFFD")) return false;
    fmt::print("{}{}", std::exchange(before, ""), text.substr(shown.size()));
    std::fflush(stdout);
    shown = text;
    return false;
  };
  ContinuedJob job{.job = {.name = "the prompt", .strands = {{.tokens = prompt}}},
                   .continuations = {{.most = options.count, .ends = show}}};
  if (intervention) {
    intervention->add_to(job.job, 0, /*continues=*/false);
    if (intervention->everywhere)
      job.continuations.front().everywhere.push_back({intervention->site, intervention->change()});
  }
  const std::vector<TokenId> made = std::move(continue_greedily(engine, {&job, 1}).front().texts.front().tokens);
  engine.model().demand_unchanged();
  const std::string text = tokenizer.decode(made);
  if (options.json)
    fmt::print("{}\n", nlohmann::ordered_json{{"prompt_ids", prompt}, {"ids", made}, {"text", text}}.dump());
  else
    fmt::print("{}{}\n", before, text.starts_with(shown) ? text.substr(shown.size()) : "");
}

}  // namespace

void add_generate(CLI::App& app) {
  CLI::App& command =
      add_command(app, "generate", "Continue a prompt by the likeliest tokens, to see that a model works",
                  "tertium generate models/gemma-3-270m.gguf \"The capital of France is\" -n 20");
  const auto options = std::make_shared<GenerateOptions>();
  command.add_option("model", options->model, kModelHelp)->required();
  command.add_option("prompt", options->prompt, "The text to continue")->required();
  command.add_option("-n,--tokens", options->count, "How many tokens at most")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000));
  command.add_option("--dtype", options->dtype, "f32, bf16, f16 or auto")->capture_default_str();
  add_adapter_option(command, options->adapter);
  command.add_option("--intervention", options->intervention,
                     "A repair that a run with [repair] kept (OUT/repairs/*.safetensors), done to the prompt, and to "
                     "what follows where it is one of all rows");
  add_threads_option(command, options->threads);
  add_hardware_options(command, options->hardware);
  command.add_flag("--chat", options->chat, "Ask as a user of a chat, by the model's own template");
  command.add_flag("--json", options->json, "One JSON object: prompt_ids, ids, text");
  command.callback([options] { generate(*options); });
}

}  // namespace tertium
