// BLOOM: ALiBi instead of positions, a norm behind the embeddings, LayerNorm and biases everywhere.
#include "tertium/model/family.h"

namespace tertium {
namespace {

void set_common(Config& config) {
  config.norm = Norm::mean;
  config.biases = {.norm = true, .qkv = true, .attn_output = true, .mlp = true};
  config.alibi = true;
  config.activation = Activation::gelu_tanh;
  for (Layer& layer : config.layers) layer.rope = Layer::kNoRope;
}

Config from_hf(const ConfigReader& json) {
  // Then what a block adds would not be what its modules put out; no released model does it.
  json.demand("apply_residual_connection_post_layernorm", false);
  Config config = common_config(
      json,
      {.vocabulary = 250880, .hidden = 64, .blocks = 2, .heads = 8, .context = 2048, .norm_eps = 1e-5, .tied = true},
      {.hidden = {"n_embed", "hidden_size"},
       .heads = {"num_attention_heads", "n_head"},
       .kv_heads = {},
       .head_dim = {},
       .mlp = {},
       .blocks = {"num_hidden_layers", "n_layer"},
       // No limit of the model's, which has no positions; whatever the file calls it.
       .context = {"seq_length", "max_position_embeddings", "n_positions", "n_ctx", "max_sequence_length",
                   "max_seq_len"},
       .norm_eps = "layer_norm_epsilon"});
  set_common(config);
  return config;
}

Config from_gguf(const GgufConfig& gguf) {
  Config config = common_config(gguf, Norm::mean);
  set_common(config);
  return config;
}

WeightNames names() {
  WeightNames names;
  names.embedding = {"transformer.word_embeddings", "token_embd"};
  names.embedding_norm = {"transformer.word_embeddings_layernorm", "token_embd_norm"};
  names.final_norm = {"transformer.ln_f", "output_norm"};
  names.attn_norm = {"transformer.h.{}.input_layernorm", "blk.{}.attn_norm"};
  names.q = names.k = names.v = names.gate = {};
  names.qkv = {"transformer.h.{}.self_attention.query_key_value", "blk.{}.attn_qkv"};
  names.o = {"transformer.h.{}.self_attention.dense", "blk.{}.attn_output"};
  names.mlp_norm = {"transformer.h.{}.post_attention_layernorm", "blk.{}.ffn_norm"};
  names.up = {"transformer.h.{}.mlp.dense_h_to_4h", "blk.{}.ffn_up"};
  names.down = {"transformer.h.{}.mlp.dense_4h_to_h", "blk.{}.ffn_down"};
  return names;
}

}  // namespace

extern const Family bloom_family = {
    .name = "bloom",
    .model_types = {"bloom"},
    .architectures = {"bloom"},
    .from_hf = from_hf,
    .from_gguf = from_gguf,
    .names = names(),
    .hf_qkv_by_head = true,
};

}  // namespace tertium
