#include <fmt/format.h>

#include <utility>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/cli/command.h"
#include "tertium/engine/engine.h"
#include "tertium/experiment/states.h"
#include "tertium/formats/model_path.h"
#include "tertium/model/config.h"
#include "tertium/protocols/question.h"
#include "tertium/tokenizer/tokenizer.h"
#include "tertium/version.h"

namespace tertium {
namespace {

struct StatesOptions {
  std::string model;
  std::filesystem::path adapter;
  std::string text;
  std::string out;
  std::string dtype = "f32";
  int threads = 0;
  Hardware hardware;
  bool logits = false;
};

void states(const StatesOptions& options) {
  set_threads(options.threads);
  const std::filesystem::path path = find_model(options.model);
  const std::vector<TokenId> ids = encode_prompt(Tokenizer::open(path), options.text);
  const Engine engine(Model::load(path, options.dtype, options.adapter, options.hardware));
  const Config& config = engine.model().config();
  if (std::cmp_greater(ids.size(), config.context))
    fail("the text has {} tokens, and the model's context is {}; shorten it", ids.size(), config.context);
  const SequenceStates states = states_of(engine, "the text", ids, options.logits);
  engine.model().demand_unchanged();
  write_states(options.out, config, states,
               {{"tertium", TERTIUM_VERSION},
                {"model", printable(options.model)},
                {"family", config.family},
                {"dtype", std::string(to_string(engine.model().precision()))},
                {"text", options.text}});
  fmt::print("{}: {} tokens, {} blocks, width {}\n", options.out, ids.size(), config.block_count(), config.hidden);
}

}  // namespace

void add_states(CLI::App& app) {
  CLI::App& command =
      add_command(app, "states", "Write what a model computes on a text, as safetensors",
                  "tertium states models/gemma-3-270m.gguf \"The capital of France is\" -o france.safetensors");
  const auto options = std::make_shared<StatesOptions>();
  command.add_option("model", options->model, kModelHelp)->required();
  command.add_option("text", options->text, "The text; BOS is put before it as the tokenizer says")->required();
  command
      .add_option("-o,--out", options->out,
                  "The file to write: ids [T], resid [L+1, T, D], attn_out and mlp_out [L, T, D], final_norm [T, D]")
      ->required();
  command.add_flag("--logits", options->logits, "Also logits [T, V]");
  command.add_option("--dtype", options->dtype, "f32, bf16, f16 or auto; the file is in f32")->capture_default_str();
  add_adapter_option(command, options->adapter);
  add_threads_option(command, options->threads);
  add_hardware_options(command, options->hardware);
  command.callback([options] { states(*options); });
}

}  // namespace tertium
