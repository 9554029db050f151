// OLMo 3: OLMo 2 with sliding blocks, whose rope is never scaled. GGUF files call it olmo2.
#include "tertium/model/family.h"

namespace tertium {
namespace {

constexpr int kFullRope = 1;  // behind that of the sliding blocks
constexpr double kTheta = 500000;
constexpr int kPattern = 4;  // every fourth block is full, unless the config says otherwise

Config from_hf(const ConfigReader& json) {
  Config config =
      common_config(json, {.vocabulary = 50304, .hidden = 4096, .mlp = 11008, .context = 2048, .norm_eps = 1e-5});
  config.qk_norm = QkNorm::whole;
  config.biases.qkv = config.biases.attn_output = json.flag_or("attention_bias", false);
  // transformers gives a theta outside of the tables to the full blocks only.
  config.ropes = {
      json.rope(config, {.layer_type = "sliding_attention", .theta_key = {}, .theta = kTheta, .scaled = false}),
      json.rope(config, {.layer_type = "full_attention", .theta = kTheta})};
  set_layers(config, json.sliding(config, [](int b) { return (b + 1) % kPattern != 0; }),
             json.window_or("sliding_window", 4096), kFullRope);
  return config;
}

WeightNames names() {
  WeightNames names;
  names.attn_norm = names.mlp_norm = {};
  names.q_norm = {"model.layers.{}.self_attn.q_norm"};
  names.k_norm = {"model.layers.{}.self_attn.k_norm"};
  names.attn_post_norm = {"model.layers.{}.post_attention_layernorm"};
  names.mlp_post_norm = {"model.layers.{}.post_feedforward_layernorm"};
  return names;
}

}  // namespace

extern const Family olmo3_family = {
    .name = "olmo3",
    .model_types = {"olmo3"},
    .from_hf = from_hf,
    .names = names(),
};

}  // namespace tertium
