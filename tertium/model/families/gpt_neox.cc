// GPT-NeoX and Pythia: LayerNorm and biases, a part of each head rotated, attention and MLP in parallel or in turn.
#include "tertium/model/family.h"

namespace tertium {
namespace {

Config from_hf(const ConfigReader& json) {
  Config config = common_config(json,
                                {.vocabulary = 50432,
                                 .hidden = 6144,
                                 .mlp = 24576,
                                 .blocks = 44,
                                 .heads = 64,
                                 .context = 2048,
                                 .norm_eps = 1e-5,
                                 .activation = "gelu"},
                                {.kv_heads = {}, .head_dim = {}, .norm_eps = "layer_norm_eps"});
  const bool attention_bias = json.flag_or("attention_bias", true);
  config.norm = Norm::mean;
  config.biases = {.norm = true, .qkv = attention_bias, .attn_output = attention_bias, .mlp = true};
  config.parallel = json.flag_or("use_parallel_residual", true);
  config.ropes = {json.rope(config, {.theta_key = "rotary_emb_base", .partial_key = "rotary_pct", .partial = 0.25})};
  return config;
}

Config from_gguf(const GgufConfig& gguf) {
  Config config = common_config(gguf, Norm::mean);
  config.activation = Activation::gelu;
  config.parallel = gguf.flag_or("use_parallel_residual", true);
  config.ropes = {gguf.rope(config, 10000)};
  return config;
}

WeightNames names() {
  WeightNames names;
  names.embedding = {"gpt_neox.embed_in", "token_embd"};
  names.final_norm = {"gpt_neox.final_layer_norm", "output_norm"};
  names.head = {"embed_out", "output"};
  names.attn_norm = {"gpt_neox.layers.{}.input_layernorm", "blk.{}.attn_norm"};
  names.q = names.k = names.v = names.gate = {};
  names.qkv = {"gpt_neox.layers.{}.attention.query_key_value", "blk.{}.attn_qkv"};
  names.o = {"gpt_neox.layers.{}.attention.dense", "blk.{}.attn_output"};
  names.mlp_norm = {"gpt_neox.layers.{}.post_attention_layernorm", "blk.{}.ffn_norm"};
  names.up = {"gpt_neox.layers.{}.mlp.dense_h_to_4h", "blk.{}.ffn_up"};
  names.down = {"gpt_neox.layers.{}.mlp.dense_4h_to_h", "blk.{}.ffn_down"};
  return names;
}

}  // namespace

extern const Family gpt_neox_family = {
    .name = "gpt_neox",
    .model_types = {"gpt_neox"},
    .architectures = {"gptneox"},
    .from_hf = from_hf,
    .from_gguf = from_gguf,
    .names = names(),
    .hf_qkv_by_head = true,
    .buffers = {".attention.bias", ".attention.masked_bias"},
};

}  // namespace tertium
