// OLMo 2: norms behind attention and MLP instead of before them, and over the whole of q and k. GGUF files call OLMo 3
// so too, and give it sliding blocks.
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

constexpr int kFullRope = 1;  // of GGUF files with sliding blocks: behind the rope of those
constexpr int kPattern = 4;   // every fourth block is full, unless such a file says otherwise

Config from_gguf(const GgufConfig& gguf) {
  Config config = common_config(gguf);
  config.qk_norm = QkNorm::whole;
  Rope full = gguf.rope(config, 10000);
  // The conversion writes the whole factor here, where for other architectures it multiplies the one that is implied.
  constexpr std::string_view kFactor = "rope.scaling.attn_factor";
  if (full.scaling == Rope::Scaling::yarn && gguf.has(kFactor)) full.attention_factor = gguf.number(kFactor);
  config.ropes = {full};
  const int window = gguf.window_or("attention.sliding_window", 0);
  const std::vector<bool> slides = gguf.sliding(config, kPattern);
  if (window == 0) return config;
  Rope sliding = unscaled(full);
  sliding.theta = gguf.number_or("rope.freq_base_swa", full.theta);
  config.ropes = {sliding, full};
  set_layers(config, slides, window, kFullRope);
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
