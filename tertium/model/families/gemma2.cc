// Gemma 2: every other block slides, norms around both halves of a block, soft caps on attention and logits.
#include <cmath>

#include "tertium/model/family.h"

namespace tertium {
namespace {

constexpr int kFullRope = 1;  // of GGUF files: behind that of the sliding blocks
constexpr int kPattern = 2;   // every second block is full, unless the config says otherwise

Config common(Config config) {
  config.activation = Activation::gelu_tanh;
  config.embedding_scale = std::sqrt(config.hidden);
  return config;
}

Config from_hf(const ConfigReader& json) {
  Config config = common(common_config(json,
                                       {.vocabulary = 256000,
                                        .hidden = 2304,
                                        .mlp = 9216,
                                        .blocks = 26,
                                        .heads = 8,
                                        .kv_heads = 4,
                                        .head_dim = 256,
                                        .context = 8192,
                                        .activation = "gelu_pytorch_tanh",
                                        .tied = true},
                                       {.activation = "hidden_activation"}));
  json.demand("hidden_activation", "gelu_pytorch_tanh");
  config.biases.qkv = config.biases.attn_output = json.flag_or("attention_bias", false);
  config.norm_adds_one = true;
  config.attention_scale = 1 / std::sqrt(json.number_or("query_pre_attn_scalar", 256));
  config.attention_softcap = json.is_null("attn_logit_softcapping") ? 0 : json.number_or("attn_logit_softcapping", 50);
  config.logit_softcap = json.is_null("final_logit_softcapping") ? 0 : json.number_or("final_logit_softcapping", 30);
  config.ropes = {json.rope(config)};
  const int window = json.window_or("sliding_window", 4096);
  json.pass_over_others({"sliding_window_size"}, "sliding_window", window);
  set_layers(config, json.sliding(config, [](int b) { return (b + 1) % kPattern != 0; }), window);
  return config;
}

Config from_gguf(const GgufConfig& gguf) {
  Config config = common(common_config(gguf));
  config.attention_softcap = gguf.number_or("attn_logit_softcapping", 50);
  config.logit_softcap = gguf.number_or("final_logit_softcapping", 30);
  // The 27B divides by the heads' share of the width, the others by a head's own.
  constexpr int kLargeBlocks = 46;
  if (config.block_count() == kLargeBlocks) config.attention_scale = std::sqrt(1.0 * config.heads / config.hidden);
  config.ropes = {gguf.rope(config, 10000), gguf.rope(config, 10000)};
  config.ropes[0].theta = gguf.number_or("rope.freq_base_swa", config.ropes[0].theta);
  set_layers(config, gguf.sliding(config, kPattern), gguf.count_or("attention.sliding_window", 4096), kFullRope);
  return config;
}

WeightNames names() {
  WeightNames names;
  names.attn_post_norm = {"model.layers.{}.post_attention_layernorm", "blk.{}.post_attention_norm"};
  names.mlp_norm = {"model.layers.{}.pre_feedforward_layernorm", "blk.{}.ffn_norm"};
  names.mlp_post_norm = {"model.layers.{}.post_feedforward_layernorm", "blk.{}.post_ffw_norm"};
  return names;
}

}  // namespace

extern const Family gemma2_family = {
    .name = "gemma2",
    .model_types = {"gemma2"},
    .architectures = {"gemma2"},
    .from_hf = from_hf,
    .from_gguf = from_gguf,
    .names = names(),
};

}  // namespace tertium
