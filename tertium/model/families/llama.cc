// Llama 1, 2, 3 and what copies them (SmolLM, TinyLlama, Vicuna …). GGUF files call Mistral and Mixtral so too.
#include "tertium/model/family.h"

namespace tertium {
namespace {

Config from_hf(const ConfigReader& json) {
  Config config = common_config(json, {.vocabulary = 32000, .hidden = 4096, .mlp = 11008, .context = 2048});
  config.biases.qkv = config.biases.attn_output = json.flag_or("attention_bias", false);
  config.biases.mlp = json.flag_or("mlp_bias", false);
  config.ropes = {json.rope(config)};
  return config;
}

Config from_gguf(const GgufConfig& gguf) {
  Config config = common_config(gguf);
  config.ropes = {gguf.rope(config, 10000)};
  config.ropes[0].interleaved = true;  // the conversion reorders the rows of q and k so
  read_experts(gguf, config);
  return config;
}

WeightNames names() {
  WeightNames names;
  names.router.gguf = "blk.{}.ffn_gate_inp";
  names.expert_gate.gguf = "blk.{}.ffn_gate_exps";
  names.expert_up.gguf = "blk.{}.ffn_up_exps";
  names.expert_down.gguf = "blk.{}.ffn_down_exps";
  return names;
}

}  // namespace

extern const Family llama_family = {
    .name = "llama",
    .model_types = {"llama"},
    .architectures = {"llama"},
    .from_hf = from_hf,
    .from_gguf = from_gguf,
    .names = names(),
    .gguf_reorders_qk = true,
};

}  // namespace tertium
