// Qwen 3 with experts, in all blocks or in some.
#include <algorithm>

#include "tertium/model/family.h"

namespace tertium {
namespace {

Config from_hf(const ConfigReader& json) {
  Config config = common_config(
      json, {.vocabulary = 151936, .hidden = 2048, .mlp = 6144, .blocks = 24, .kv_heads = 4, .context = 32768});
  json.demand("use_qk_norm", true);
  config.qk_norm = QkNorm::head;
  config.biases.qkv = config.biases.attn_output = json.flag_or("attention_bias", false);
  config.ropes = {json.rope(config)};
  config.experts = {.count = json.count_or(json.standing({"num_local_experts", "num_experts"}), 128),
                    .per_row = json.count_or("num_experts_per_tok", 8),
                    .width = json.count_or("moe_intermediate_size", 768),
                    .renormalized = json.flag_or("norm_topk_prob", false)};
  const std::vector<int> without = json.indices("mlp_only_layers");
  const int step = json.count_or("decoder_sparse_step", 1);
  set_one_window(json, config, read_switched_window(json, 4096));
  for (int b = 0; b < config.block_count(); ++b) {
    config.layers[b].experts = (b + 1) % step == 0 && std::find(without.begin(), without.end(), b) == without.end();
  }
  return config;
}

Config from_gguf(const GgufConfig& gguf) {
  Config config = common_config(gguf);
  config.qk_norm = QkNorm::head;
  config.ropes = {gguf.rope(config, 10000)};
  read_experts(gguf, config);
  if (gguf.has("expert_weights_norm") && !gguf.flag_or("expert_weights_norm", true))
    gguf.refuse("expert_weights_norm", "llama.cpp does it all the same; use the Hugging Face files of this model");
  return config;
}

WeightNames names() {
  WeightNames names;
  names.q_norm = {"model.layers.{}.self_attn.q_norm", "blk.{}.attn_q_norm"};
  names.k_norm = {"model.layers.{}.self_attn.k_norm", "blk.{}.attn_k_norm"};
  names.router = {"model.layers.{}.mlp.gate", "blk.{}.ffn_gate_inp"};
  names.expert_gate = {"model.layers.{}.mlp.experts.{}.gate_proj", "blk.{}.ffn_gate_exps"};
  names.expert_up = {"model.layers.{}.mlp.experts.{}.up_proj", "blk.{}.ffn_up_exps"};
  names.expert_down = {"model.layers.{}.mlp.experts.{}.down_proj", "blk.{}.ffn_down_exps"};
  return names;
}

}  // namespace

extern const Family qwen3_moe_family = {
    .name = "qwen3_moe",
    .model_types = {"qwen3_moe"},
    .architectures = {"qwen3moe"},
    .from_hf = from_hf,
    .from_gguf = from_gguf,
    .names = names(),
};

}  // namespace tertium
