// Gemma 3, text: sliding and full blocks with a rope base each, norms around both halves of a block and on q and k.
// Of a multimodal checkpoint the text model is read.
#include <cmath>

#include "tertium/model/family.h"

namespace tertium {
namespace {

constexpr int kFullRope = 1;  // behind that of the sliding blocks
constexpr double kSlidingTheta = 10000;
constexpr double kFullTheta = 1e6;
constexpr int kPattern = 6;  // every sixth block is full, unless the config says otherwise

Config common(Config config) {
  config.activation = Activation::gelu_tanh;
  config.embedding_scale = std::sqrt(config.hidden);
  config.qk_norm = QkNorm::head;
  return config;
}

Config from_hf(const ConfigReader& whole) {
  const bool nested = whole.has("text_config");
  const ConfigReader json = nested ? whole.table("text_config") : whole;
  json.demand("attn_logit_softcapping", nullptr);
  Config config = common(common_config(json,
                                       {.vocabulary = 262208,
                                        .hidden = 2304,
                                        .mlp = 9216,
                                        .blocks = 26,
                                        .heads = 8,
                                        .kv_heads = 4,
                                        .head_dim = 256,
                                        .context = 131072,
                                        .activation = "gelu_pytorch_tanh",
                                        .tied = true},
                                       {.activation = "hidden_activation"}));
  json.demand("hidden_activation", "gelu_pytorch_tanh");
  config.stored_dtype = whole.text_or("dtype", whole.text_or("torch_dtype", config.stored_dtype));
  config.biases.qkv = config.biases.attn_output = json.flag_or("attention_bias", false);
  config.norm_adds_one = true;
  config.attention_scale = 1 / std::sqrt(json.number_or("query_pre_attn_scalar", 256));
  config.logit_softcap = json.number_or("final_logit_softcapping", 0);
  // transformers 4 scales the full blocks only.
  config.ropes = {json.rope(config, {.layer_type = "sliding_attention",
                                     .theta_key = "rope_local_base_freq",
                                     .theta = kSlidingTheta,
                                     .scaled = false}),
                  json.rope(config, {.layer_type = "full_attention", .theta = kFullTheta})};
  const int window = json.count_or("sliding_window", 4096);
  json.pass_over_others({"sliding_window_size"}, "sliding_window", window);
  set_layers(config, json.sliding_by_pattern(config, kPattern), window, kFullRope);
  if (nested) {
    const bool tied = whole.flag_or("tie_word_embeddings", true);
    if (tied != config.tied) json.pass_over("tie_word_embeddings", "what the whole model says counts");
    config.tied = tied;
    whole.pass_over_shadowed(json);
  }
  return config;
}

Config from_gguf(const GgufConfig& gguf) {
  Config config = common(common_config(gguf));
  Rope sliding = unscaled(gguf.rope(config, kFullTheta));  // as in Hugging Face files, the full blocks only are scaled
  sliding.theta = gguf.number_or("rope.freq_base_swa", kSlidingTheta);
  config.ropes = {sliding, gguf.rope(config, kFullTheta)};
  config.logit_softcap = gguf.number_or("final_logit_softcapping", 0);
  // The 27B divides by the heads' share of the width, the others by a head's own.
  constexpr int kLargeBlocks = 62;
  if (config.block_count() == kLargeBlocks) config.attention_scale = std::sqrt(1.0 * config.heads / config.hidden);
  set_layers(config, gguf.sliding(config, kPattern), gguf.count("attention.sliding_window"), kFullRope);
  return config;
}

WeightNames names() {
  WeightNames names;
  names.q_norm = {"model.layers.{}.self_attn.q_norm", "blk.{}.attn_q_norm"};
  names.k_norm = {"model.layers.{}.self_attn.k_norm", "blk.{}.attn_k_norm"};
  names.attn_post_norm = {"model.layers.{}.post_attention_layernorm", "blk.{}.post_attention_norm"};
  names.mlp_norm = {"model.layers.{}.pre_feedforward_layernorm", "blk.{}.ffn_norm"};
  names.mlp_post_norm = {"model.layers.{}.post_feedforward_layernorm", "blk.{}.post_ffw_norm"};
  return names;
}

}  // namespace

extern const Family gemma3_family = {
    .name = "gemma3",
    .model_types = {"gemma3_text", "gemma3"},
    .architectures = {"gemma3"},
    .from_hf = from_hf,
    .from_gguf = from_gguf,
    .names = names(),
    .other_parts = {"vision_tower.", "multi_modal_projector."},
};

}  // namespace tertium
