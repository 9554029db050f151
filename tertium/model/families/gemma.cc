// Gemma 1: scaled embeddings, norms that add one, a tied head.
#include <cmath>

#include "tertium/model/family.h"

namespace tertium {
namespace {

Config from_hf(const ConfigReader& json) {
  Config config = common_config(json, {.vocabulary = 256000,
                                       .hidden = 3072,
                                       .mlp = 24576,
                                       .blocks = 28,
                                       .heads = 16,
                                       .kv_heads = 16,
                                       .head_dim = 256,
                                       .context = 8192,
                                       .activation = "gelu_pytorch_tanh",
                                       .tied = true});
  // The first files say gelu and mean its tanh form.
  if (config.activation == Activation::gelu) config.activation = Activation::gelu_tanh;
  config.biases.qkv = config.biases.attn_output = json.flag_or("attention_bias", false);
  config.norm_adds_one = true;
  config.embedding_scale = std::sqrt(config.hidden);
  config.ropes = {json.rope(config)};
  return config;
}

Config from_gguf(const GgufConfig& gguf) {
  Config config = common_config(gguf);
  config.activation = Activation::gelu_tanh;
  config.embedding_scale = std::sqrt(config.hidden);
  config.ropes = {gguf.rope(config, 10000)};
  return config;
}

}  // namespace

extern const Family gemma_family = {
    .name = "gemma",
    .model_types = {"gemma"},
    .architectures = {"gemma"},
    .from_hf = from_hf,
    .from_gguf = from_gguf,
    .names = {},
};

}  // namespace tertium
