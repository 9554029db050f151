// XGLM: sinusoidal positions on scaled embeddings, LayerNorm and biases everywhere.
#include <cmath>

#include "tertium/model/family.h"

namespace tertium {
namespace {

constexpr int kFirstPosition = 2;

Config from_hf(const ConfigReader& json) {
  json.demand("add_cross_attention", false);
  Config config = common_config(json,
                                {.vocabulary = 256008,
                                 .hidden = 1024,
                                 .mlp = 4096,
                                 .blocks = 24,
                                 .heads = 16,
                                 .context = 2048,
                                 .norm_eps = 1e-5,
                                 .activation = "gelu",
                                 .tied = true},
                                {.hidden = {"hidden_size", "d_model"},
                                 .heads = {"num_attention_heads", "attention_heads"},
                                 .kv_heads = {},
                                 .head_dim = {},
                                 .mlp = {"ffn_dim"},
                                 .blocks = {"num_hidden_layers", "num_layers"},
                                 .activation = "activation_function"});
  // transformers blanks the position vector of this number; below the first position in use, that changes nothing.
  if (json.has("pad_token_id") && json.number("pad_token_id") >= kFirstPosition)
    json.refuse("pad_token_id", "only 0 and 1 are supported for this family");
  config.norm = Norm::mean;
  config.biases = {.norm = true, .qkv = true, .attn_output = true, .mlp = true};
  config.positions = Positions::sinusoidal;
  if (json.flag_or("scale_embedding", true)) config.embedding_scale = std::sqrt(config.hidden);
  for (Layer& layer : config.layers) layer.rope = Layer::kNoRope;
  return config;
}

WeightNames names() {
  WeightNames names;
  names.final_norm = {"model.layer_norm"};
  names.attn_norm = {"model.layers.{}.self_attn_layer_norm"};
  names.o = {"model.layers.{}.self_attn.out_proj"};
  names.mlp_norm = {"model.layers.{}.final_layer_norm"};
  names.gate = {};
  names.up = {"model.layers.{}.fc1"};
  names.down = {"model.layers.{}.fc2"};
  return names;
}

}  // namespace

extern const Family xglm_family = {
    .name = "xglm",
    .model_types = {"xglm"},
    .from_hf = from_hf,
    .names = names(),
    .buffers = {"embed_positions.weights"},
};

}  // namespace tertium
