// OLMo 2: norms behind attention and MLP instead of before them, and over the whole of q and k.
#include "tertium/model/family.h"

namespace tertium {
namespace {

Config from_hf(const ConfigReader& json) {
  Config config =
      common_config(json, {.vocabulary = 50304, .hidden = 4096, .mlp = 11008, .context = 2048, .norm_eps = 1e-5});
  config.qk_norm = QkNorm::whole;
  config.biases.qkv = config.biases.attn_output = json.flag_or("attention_bias", false);
  config.ropes = {json.rope(config)};
  return config;
}

Config from_gguf(const GgufConfig& gguf) {
  Config config = common_config(gguf);
  config.qk_norm = QkNorm::whole;
  config.ropes = {gguf.rope(config, 10000)};
  return config;
}

WeightNames names() {
  WeightNames names;
  names.attn_norm = names.mlp_norm = {};
  names.q_norm = {"model.layers.{}.self_attn.q_norm", "blk.{}.attn_q_norm"};
  names.k_norm = {"model.layers.{}.self_attn.k_norm", "blk.{}.attn_k_norm"};
  names.attn_post_norm = {"model.layers.{}.post_attention_layernorm", "blk.{}.post_attention_norm"};
  names.mlp_post_norm = {"model.layers.{}.post_feedforward_layernorm", "blk.{}.post_ffw_norm"};
  return names;
}

}  // namespace

extern const Family olmo2_family = {
    .name = "olmo2",
    .model_types = {"olmo2"},
    .architectures = {"olmo2"},
    .from_hf = from_hf,
    .from_gguf = from_gguf,
    .names = names(),
};

}  // namespace tertium
