// Llama 1, 2, 3 and what copies them (SmolLM, TinyLlama, Vicuna …).
#include "tertium/model/family.h"

namespace tertium {
namespace {

Config from_hf(const ConfigReader& json) {
  json.demand("attention_bias", false);
  json.demand("mlp_bias", false);
  Config config = common_config(json);
  config.activation = activation_named(json.text_or("hidden_act", "silu"), json, "hidden_act");
  config.tied = json.flag_or("tie_word_embeddings", false);
  config.ropes = {json.rope("full_attention", "rope_theta", 10000)};
  return config;
}

Config from_gguf(const GgufConfig& gguf) {
  Config config = common_config(gguf);
  config.ropes = {gguf.rope(10000, config.head_dim)};
  return config;
}

}  // namespace

const Family llama_family = {
    .name = "llama",
    .model_types = {"llama"},
    .architectures = {"llama"},
    .from_hf = from_hf,
    .from_gguf = from_gguf,
    .names = {},
    .gguf_interleaves_qk = true,
};

}  // namespace tertium
