// Apertus: Llama with norms on the heads of q and k, and an MLP without gate that learns its activation, xIELU.
#include "tertium/model/family.h"

namespace tertium {
namespace {

constexpr double kTheta = 12e6;

Config from_hf(const ConfigReader& json) {
  Config config = common_config(
      json,
      {.vocabulary = 131072, .hidden = 4096, .mlp = 14336, .context = 65536, .norm_eps = 1e-5, .activation = "xielu"});
  json.demand("qk_norm", true);
  json.demand("post_norm", false);
  config.qk_norm = QkNorm::head;
  config.biases.qkv = config.biases.attn_output = json.flag_or("attention_bias", false);
  if (json.has("rope_parameters") || (json.has("rope_scaling") && !json.table("rope_scaling").empty())) {
    config.ropes = {json.rope(config, {.theta = kTheta})};
  } else {
    json.pass_over("rope_theta", "without rope_parameters or rope_scaling, transformers takes this family's own rope");
    config.ropes = {Rope{.theta = kTheta,
                         .rotated = config.head_dim,
                         .scaling = Rope::Scaling::llama3,
                         .factor = 8,
                         .original_context = 8192}};
  }
  return config;
}

WeightNames names() {
  WeightNames names;
  names.attn_norm = {"model.layers.{}.attention_layernorm"};
  names.mlp_norm = {"model.layers.{}.feedforward_layernorm"};
  names.q_norm = {"model.layers.{}.self_attn.q_norm"};
  names.k_norm = {"model.layers.{}.self_attn.k_norm"};
  names.gate = {};
  names.xielu = {"model.layers.{}.mlp.act_fn"};
  return names;
}

}  // namespace

extern const Family apertus_family = {
    .name = "apertus",
    .model_types = {"apertus"},
    .from_hf = from_hf,
    .names = names(),
};

}  // namespace tertium
