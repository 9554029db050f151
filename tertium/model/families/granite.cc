// Granite: Llama with multipliers on embeddings, attention, residuals and logits.
#include "tertium/model/family.h"

namespace tertium {
namespace {

Config from_hf(const ConfigReader& json) {
  Config config = common_config(json, {.vocabulary = 32000, .hidden = 4096, .mlp = 11008, .context = 2048});
  config.biases.qkv = config.biases.attn_output = json.flag_or("attention_bias", false);
  config.biases.mlp = json.flag_or("mlp_bias", false);
  config.embedding_scale = json.number_or("embedding_multiplier", 1);
  config.attention_scale = json.number_or("attention_multiplier", 1);
  config.residual_scale = json.number_or("residual_multiplier", 1);
  config.logit_scale = 1 / json.number_or("logits_scaling", 1);
  config.ropes = {json.rope(config)};
  return config;
}

Config from_gguf(const GgufConfig& gguf) {
  Config config = common_config(gguf);
  config.embedding_scale = gguf.number_or("embedding_scale", 1);
  config.attention_scale = gguf.number_or("attention.scale", config.attention_scale);
  config.residual_scale = gguf.number_or("residual_scale", 1);
  config.logit_scale = 1 / gguf.number_or("logit_scale", 1);
  config.ropes = {gguf.rope(config, 10000)};
  config.ropes[0].interleaved = true;  // the conversion reorders the rows of q and k so
  return config;
}

}  // namespace

extern const Family granite_family = {
    .name = "granite",
    .model_types = {"granite"},
    .architectures = {"granite"},
    .from_hf = from_hf,
    .from_gguf = from_gguf,
    .names = {},
    .gguf_reorders_qk = true,
};

}  // namespace tertium
