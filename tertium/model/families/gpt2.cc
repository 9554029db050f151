// GPT-2: learned positions, LayerNorm and biases everywhere, matrices stored the other way round.
#include "tertium/model/family.h"

namespace tertium {
namespace {

void set_common(Config& config) {
  config.norm = Norm::mean;
  config.biases = {.norm = true, .qkv = true, .attn_output = true, .mlp = true};
  config.positions = Positions::learned;
  for (Layer& layer : config.layers) layer.rope = Layer::kNoRope;
}

Config from_hf(const ConfigReader& json) {
  json.demand("scale_attn_weights", true);
  json.demand("scale_attn_by_inverse_layer_idx", false);
  json.demand("add_cross_attention", false);
  Config config = common_config(json,
                                {.vocabulary = 50257,
                                 .hidden = 768,
                                 .blocks = 12,
                                 .heads = 12,
                                 .context = 1024,
                                 .norm_eps = 1e-5,
                                 .activation = "gelu_new",
                                 .tied = true},
                                {.hidden = {"hidden_size", "n_embd"},
                                 .heads = {"num_attention_heads", "n_head"},
                                 .kv_heads = {},
                                 .head_dim = {},
                                 .mlp = {"n_inner"},
                                 .blocks = {"num_hidden_layers", "n_layer"},
                                 .context = {"max_position_embeddings", "n_positions"},
                                 .norm_eps = "layer_norm_epsilon",
                                 .activation = "activation_function"});
  set_common(config);
  return config;
}

Config from_gguf(const GgufConfig& gguf) {
  Config config = common_config(gguf, Norm::mean);
  config.activation = Activation::gelu_tanh;
  set_common(config);
  return config;
}

WeightNames names() {
  WeightNames names;
  names.embedding = {"transformer.wte", "token_embd"};
  names.positions = {"transformer.wpe", "position_embd"};
  names.final_norm = {"transformer.ln_f", "output_norm"};
  names.attn_norm = {"transformer.h.{}.ln_1", "blk.{}.attn_norm"};
  names.q = names.k = names.v = names.gate = {};
  names.qkv = {"transformer.h.{}.attn.c_attn", "blk.{}.attn_qkv"};
  names.o = {"transformer.h.{}.attn.c_proj", "blk.{}.attn_output"};
  names.mlp_norm = {"transformer.h.{}.ln_2", "blk.{}.ffn_norm"};
  names.up = {"transformer.h.{}.mlp.c_fc", "blk.{}.ffn_up"};
  names.down = {"transformer.h.{}.mlp.c_proj", "blk.{}.ffn_down"};
  return names;
}

}  // namespace

extern const Family gpt2_family = {
    .name = "gpt2",
    .model_types = {"gpt2"},
    .architectures = {"gpt2"},
    .from_hf = from_hf,
    .from_gguf = from_gguf,
    .names = names(),
    .hf_transposed = true,
    .buffers = {".attn.bias", ".attn.masked_bias"},
};

}  // namespace tertium
