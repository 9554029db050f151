#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tertium/model/config.h"
#include "tertium/model/config_reader.h"
#include "tertium/model/gguf_config.h"

namespace tertium {

/// One weight's name without ".weight", as Hugging Face and GGUF files spell it; the first {} stands for the block, the
/// second for the expert. Empty where files of that kind have none.
struct WeightName {
  std::string_view hf{};
  std::string_view gguf{};
};

/// Which weights a family has and what files call them. Experts' matrices are one tensor each in Hugging Face files and
/// stacked, [experts, out, in], in GGUF files.
struct WeightNames {
  WeightName embedding{"model.embed_tokens", "token_embd"};
  WeightName embedding_norm{};
  WeightName positions{};  // [context, D]
  WeightName final_norm{"model.norm", "output_norm"};
  WeightName head{"lm_head", "output"};
  WeightName attn_norm{"model.layers.{}.input_layernorm", "blk.{}.attn_norm"};
  WeightName q{"model.layers.{}.self_attn.q_proj", "blk.{}.attn_q"};
  WeightName k{"model.layers.{}.self_attn.k_proj", "blk.{}.attn_k"};
  WeightName v{"model.layers.{}.self_attn.v_proj", "blk.{}.attn_v"};
  WeightName qkv{};  // the three above in one, where files have it
  WeightName o{"model.layers.{}.self_attn.o_proj", "blk.{}.attn_output"};
  WeightName q_norm{};  // before the rotation
  WeightName k_norm{};
  WeightName attn_post_norm{};  // of what attention adds
  WeightName mlp_norm{"model.layers.{}.post_attention_layernorm", "blk.{}.ffn_norm"};
  WeightName gate{"model.layers.{}.mlp.gate_proj", "blk.{}.ffn_gate"};  // none: down(activation(up(x)))
  WeightName up{"model.layers.{}.mlp.up_proj", "blk.{}.ffn_up"};
  WeightName gate_up{};  // the two above in one, where files have it
  WeightName down{"model.layers.{}.mlp.down_proj", "blk.{}.ffn_down"};
  WeightName mlp_post_norm{};  // of what the MLP adds
  WeightName router{};
  WeightName expert_gate{};
  WeightName expert_up{};
  WeightName expert_down{};
  WeightName xielu{};  // a prefix: its four numbers follow
};

/// A model family. Add one: families/<name>.cc, which defines <name>_family, and a line in families.def.
struct Family {
  std::string_view name;
  std::vector<std::string_view> model_types;         // "model_type" of config.json
  std::vector<std::string_view> architectures = {};  // "general.architecture" of GGUF; none: no GGUF files of it
  Config (*from_hf)(const ConfigReader& config);
  Config (*from_gguf)(const GgufConfig& config) = nullptr;
  WeightNames names;
  // How Hugging Face files of the family store matrices, where they do not as others do.
  bool hf_transposed = false;   // [in, out], those of the blocks
  bool hf_qkv_by_head = false;  // qkv is [heads, 3, head_dim, D], not q, k, v one after the other
  // GGUF files hold the rows of q and k so that rotated pairs are neighbours, which Hugging Face's do not.
  bool gguf_reorders_qk = false;
  // Tensors that files hold beside the text model's weights: prefixes of other parts, suffixes of buffers.
  std::vector<std::string_view> other_parts = {};
  std::vector<std::string_view> buffers = {};
};

const std::vector<const Family*>& families();

/// By config.json's model_type or GGUF's architecture. Throws Error naming `origin`, listing the known ones.
const Family& family_of_model_type(std::string_view model_type, const std::string& origin);
const Family& family_of_architecture(std::string_view architecture, const std::string& origin);

}  // namespace tertium
