// Mistral: Llama with a sliding window in all blocks and heads of their own width. GGUF files call it llama.
#include "tertium/model/family.h"

namespace tertium {
namespace {

Config from_hf(const ConfigReader& json) {
  Config config =
      common_config(json, {.vocabulary = 32000, .hidden = 4096, .mlp = 14336, .kv_heads = 8, .context = 131072});
  config.ropes = {json.rope(config)};
  set_one_window(json, config, json.window_or("sliding_window", 4096));
  return config;
}

}  // namespace

extern const Family mistral_family = {
    .name = "mistral",
    .model_types = {"mistral"},
    .from_hf = from_hf,
    .names = {},
};

}  // namespace tertium
