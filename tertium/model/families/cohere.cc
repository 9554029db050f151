// Cohere Command R: attention and MLP in parallel behind one norm, interleaved rope, a scale on the logits.
#include "tertium/model/family.h"

namespace tertium {
namespace {

Config common(Config config) {
  config.norm = Norm::mean;
  config.parallel = true;
  return config;
}

Config from_hf(const ConfigReader& json) {
  Config config = common(common_config(json,
                                       {.vocabulary = 256000,
                                        .hidden = 8192,
                                        .mlp = 22528,
                                        .blocks = 40,
                                        .heads = 64,
                                        .context = 8192,
                                        .norm_eps = 1e-5,
                                        .tied = true},
                                       {.norm_eps = "layer_norm_eps"}));
  for (const char* key : {"use_gated_activation", "use_parallel_block"}) json.demand(key, true);
  json.demand("position_embedding_type", "rope_gptj");
  json.demand("rotary_pct", 1);
  if (json.flag_or("use_qk_norm", false)) config.qk_norm = QkNorm::own_head;
  config.biases.qkv = config.biases.attn_output = json.flag_or("attention_bias", false);
  config.logit_scale = json.number_or("logit_scale", 0.0625);
  config.ropes = {json.rope(config, {.theta = 500000, .interleaved = true})};
  return config;
}

Config from_gguf(const GgufConfig& gguf) {
  Config config = common(common_config(gguf, Norm::mean));
  if (gguf.has_tensor("blk.0.attn_q_norm.weight")) config.qk_norm = QkNorm::own_head;
  config.logit_scale = gguf.number_or("logit_scale", 0.0625);
  config.ropes = {gguf.rope(config, 500000)};
  config.ropes[0].interleaved = true;
  return config;
}

WeightNames names() {
  WeightNames names;
  names.mlp_norm = {};
  names.q_norm = {"model.layers.{}.self_attn.q_norm", "blk.{}.attn_q_norm"};
  names.k_norm = {"model.layers.{}.self_attn.k_norm", "blk.{}.attn_k_norm"};
  return names;
}

}  // namespace

extern const Family cohere_family = {
    .name = "cohere",
    .model_types = {"cohere"},
    .architectures = {"command-r"},
    .from_hf = from_hf,
    .from_gguf = from_gguf,
    .names = names(),
};

}  // namespace tertium
