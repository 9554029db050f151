// Phi 3, 3.5 and 4: Llama with q, k, v in one matrix, and gate and up in another; longrope in those of long context.
#include "tertium/model/family.h"

namespace tertium {
namespace {

Config from_hf(const ConfigReader& json) {
  Config config =
      common_config(json, {.vocabulary = 32064, .hidden = 3072, .mlp = 8192, .context = 4096, .norm_eps = 1e-5});
  config.ropes = {
      json.rope(config, {.partial_key = "partial_rotary_factor", .longrope_only = true, .original_context = 4096})};
  for (const char* key : {"full_attn_mod", "interpolate_factor"}) json.demand(key, 1);
  set_one_window(json, config, json.window_or("sliding_window", 0));
  return config;
}

Config from_gguf(const GgufConfig& gguf) {
  Config config = common_config(gguf);
  config.ropes = {gguf.rope(config, 10000)};
  for (Layer& layer : config.layers) layer.window = gguf.window_or("attention.sliding_window", 0);
  return config;
}

WeightNames names() {
  WeightNames names;
  names.q = names.k = names.v = names.gate = names.up = {};
  names.qkv = {"model.layers.{}.self_attn.qkv_proj", "blk.{}.attn_qkv"};
  names.gate_up = {"model.layers.{}.mlp.gate_up_proj", "blk.{}.ffn_up"};
  return names;
}

}  // namespace

extern const Family phi3_family = {
    .name = "phi3",
    .model_types = {"phi3"},
    .architectures = {"phi3"},
    .from_hf = from_hf,
    .from_gguf = from_gguf,
    .names = names(),
};

}  // namespace tertium
