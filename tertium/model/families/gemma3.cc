// Gemma 3, text: sliding and full layers with a rope base each, norms around both halves of a block and on q and k.
#include <cmath>

#include "tertium/model/family.h"

namespace tertium {
namespace {

constexpr int kSlidingRope = 0;
constexpr int kFullRope = 1;
constexpr double kSlidingTheta = 10000;
constexpr double kFullTheta = 1e6;
constexpr int kPattern = 6;  // every sixth layer is full, unless the config says otherwise

void set_layer(Layer& layer, bool full, int window) {
  layer = {.window = full ? 0 : window, .rope = full ? kFullRope : kSlidingRope};
}

Config common(Config config) {
  config.activation = Activation::gelu_tanh;
  config.embedding_scale = std::sqrt(config.hidden);
  return config;
}

void set_layers(Config& config, const ConfigReader& json) {
  const int window = json.count("sliding_window");
  if (!json.has("layer_types")) {
    const int pattern = json.count_or("sliding_window_pattern", json.count_or("_sliding_window_pattern", kPattern));
    for (int b = 0; b < config.block_count(); ++b) set_layer(config.layers[b], (b + 1) % pattern == 0, window);
    return;
  }
  const std::vector<std::string> types = json.texts("layer_types");
  if (types.size() != config.layers.size()) json.refuse("layer_types", "must name one type for each hidden layer");
  for (std::size_t b = 0; b < types.size(); ++b) {
    if (types[b] != "full_attention" && types[b] != "sliding_attention")
      json.refuse("layer_types", "only full_attention and sliding_attention are supported");
    set_layer(config.layers[b], types[b] == "full_attention", window);
  }
}

Config from_hf(const ConfigReader& json) {
  json.demand("attention_bias", false);
  json.demand("hidden_activation", "gelu_pytorch_tanh");
  json.demand("attn_logit_softcapping", nullptr);
  json.demand("final_logit_softcapping", nullptr);
  json.demand("use_bidirectional_attention", false);
  Config config = common(common_config(json));
  config.norm_adds_one = true;
  config.tied = json.flag_or("tie_word_embeddings", true);
  config.attention_scale = 1 / std::sqrt(json.number_or("query_pre_attn_scalar", 256));
  // transformers 4 scales the full layers only.
  config.ropes = {json.rope("sliding_attention", "rope_local_base_freq", kSlidingTheta, /*scaled=*/false),
                  json.rope("full_attention", "rope_theta", kFullTheta)};
  set_layers(config, json);
  return config;
}

Config from_gguf(const GgufConfig& gguf) {
  Config config = common(common_config(gguf));
  config.ropes = {Rope{.theta = gguf.number_or("rope.freq_base_swa", kSlidingTheta)},
                  gguf.rope(kFullTheta, config.head_dim)};
  const int window = gguf.count("attention.sliding_window");
  for (int b = 0; b < config.block_count(); ++b) set_layer(config.layers[b], (b + 1) % kPattern == 0, window);
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

const Family gemma3_family = {
    .name = "gemma3",
    .model_types = {"gemma3_text"},
    .architectures = {"gemma3"},
    .from_hf = from_hf,
    .from_gguf = from_gguf,
    .names = names(),
};

}  // namespace tertium
