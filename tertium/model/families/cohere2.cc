// Cohere Command R7B and A: as cohere, with sliding blocks that rotate and full blocks that have no positions at all.
#include "tertium/model/family.h"

namespace tertium {
namespace {

constexpr int kPattern = 4;  // every fourth block is full, unless the config says otherwise

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
  json.demand("order_of_interleaved_layers", "local_attn_first");
  json.demand("layer_switch", json.count_or("sliding_window_pattern", kPattern));
  config.biases.qkv = config.biases.attn_output = json.flag_or("attention_bias", false);
  config.logit_scale = json.number_or("logit_scale", 0.0625);
  config.ropes = {json.rope(config, {.interleaved = true})};
  set_layers(config, json.sliding_by_pattern(config, kPattern), json.count_or("sliding_window", 4096), Layer::kNoRope);
  return config;
}

Config from_gguf(const GgufConfig& gguf) {
  Config config = common(common_config(gguf, Norm::mean));
  config.logit_scale = gguf.number_or("logit_scale", 0.0625);
  config.ropes = {gguf.rope(config, 10000)};
  config.ropes[0].interleaved = true;
  config.ropes[0].theta = gguf.number_or("rope.freq_base_swa", config.ropes[0].theta);  // only sliding blocks rotate
  set_layers(config, gguf.sliding(config, kPattern), gguf.count("attention.sliding_window"), Layer::kNoRope);
  return config;
}

WeightNames names() {
  WeightNames names;
  names.mlp_norm = {};
  return names;
}

}  // namespace

extern const Family cohere2_family = {
    .name = "cohere2",
    .model_types = {"cohere2"},
    .architectures = {"cohere2"},
    .from_hf = from_hf,
    .from_gguf = from_gguf,
    .names = names(),
};

}  // namespace tertium
