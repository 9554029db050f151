// Qwen 3: Llama with norms on the heads of q and k; the later blocks may slide.
#include "tertium/model/family.h"

namespace tertium {
namespace {

Config from_hf(const ConfigReader& json) {
  Config config = common_config(
      json, {.vocabulary = 151936, .hidden = 4096, .mlp = 22016, .kv_heads = 32, .head_dim = 128, .context = 32768});
  json.demand("use_qk_norm", true);
  config.qk_norm = QkNorm::head;
  config.biases.qkv = config.biases.attn_output = json.flag_or("attention_bias", false);
  config.ropes = {json.rope(config)};
  read_late_windows(json, config);
  return config;
}

Config from_gguf(const GgufConfig& gguf) {
  Config config = common_config(gguf);
  config.qk_norm = QkNorm::head;
  config.ropes = {gguf.rope(config, 10000)};
  return config;
}

WeightNames names() {
  WeightNames names;
  names.q_norm = {"model.layers.{}.self_attn.q_norm", "blk.{}.attn_q_norm"};
  names.k_norm = {"model.layers.{}.self_attn.k_norm", "blk.{}.attn_k_norm"};
  return names;
}

}  // namespace

extern const Family qwen3_family = {
    .name = "qwen3",
    .model_types = {"qwen3"},
    .architectures = {"qwen3"},
    .from_hf = from_hf,
    .from_gguf = from_gguf,
    .names = names(),
};

}  // namespace tertium
