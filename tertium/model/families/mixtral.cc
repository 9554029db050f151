// Mixtral: Mistral with experts in all blocks. GGUF files call it llama.
#include "tertium/model/family.h"

namespace tertium {
namespace {

Config from_hf(const ConfigReader& json) {
  Config config = common_config(
      json, {.vocabulary = 32000, .hidden = 4096, .mlp = 14336, .kv_heads = 8, .context = 131072, .norm_eps = 1e-5});
  config.ropes = {json.rope(config, {.theta = 1e6})};
  config.experts = {.count = json.count_or(json.standing({"num_experts", "num_local_experts"}), 8),
                    .per_row = json.count_or("num_experts_per_tok", 2),
                    .width = config.mlp};
  set_one_window(json, config, json.window_or("sliding_window", 0));
  for (Layer& layer : config.layers) layer.experts = true;
  return config;
}

WeightNames names() {
  WeightNames names;
  names.gate = names.up = names.down = {};
  names.router.hf = "model.layers.{}.block_sparse_moe.gate";
  names.expert_gate.hf = "model.layers.{}.block_sparse_moe.experts.{}.w1";
  names.expert_up.hf = "model.layers.{}.block_sparse_moe.experts.{}.w3";
  names.expert_down.hf = "model.layers.{}.block_sparse_moe.experts.{}.w2";
  return names;
}

}  // namespace

extern const Family mixtral_family = {
    .name = "mixtral",
    .model_types = {"mixtral"},
    .from_hf = from_hf,
    .names = names(),
};

}  // namespace tertium
