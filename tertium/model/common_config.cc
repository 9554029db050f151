// What the families' config.json files share.
#include <algorithm>
#include <cmath>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/model/config_reader.h"
#include "tertium/model/sizes.h"

namespace tertium {
namespace {

/// Quantized checkpoints whose weights are F8 numbers with scales can be read; others would be read wrongly.
void check_quantization(const ConfigReader& json) {
  if (!json.has("quantization_config")) return;
  const std::string method = json.table("quantization_config").text_or("quant_method", "?");
  if (method != "fp8" && method != "compressed-tensors" && method != "modelopt")
    json.refuse("quantization_config", "\"" + printable(method) +
                                           "\" checkpoints are not supported; use the unquantized model, or a GGUF "
                                           "file of it");
}

Activation activation_named(const std::string& name, const ConfigReader& config, std::string_view key) {
  if (name == "silu" || name == "swish") return Activation::silu;
  if (name == "gelu" || name == "gelu_python") return Activation::gelu;
  if (name == "gelu_pytorch_tanh" || name == "gelu_new" || name == "gelu_fast") return Activation::gelu_tanh;
  if (name == "relu") return Activation::relu;
  if (name == "xielu") return Activation::xielu;
  config.refuse(key, "\"" + printable(name) +
                         "\" is not supported; tertium knows silu, gelu, gelu_pytorch_tanh, gelu_new, relu, xielu");
}

constexpr const char* kSwitchedOff = "use_sliding_window switches it off";

// How config.json files of some family or other spell the common numbers.
const Spellings kHidden = {"hidden_size", "n_embd", "n_embed", "d_model", "dim"};
const Spellings kHeads = {"num_attention_heads", "n_head", "n_heads", "attention_heads", "num_heads"};
const Spellings kKvHeads = {"num_key_value_heads", "num_kv_heads", "n_head_kv", "n_kv_heads"};
const Spellings kHeadDim = {"head_dim", "head_size", "d_head", "kv_channels"};
const Spellings kMlp = {"intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size", "inner_hidden_size"};
const Spellings kBlocks = {"num_hidden_layers", "n_layer", "n_layers", "num_layers"};
const Spellings kContext = {"max_position_embeddings", "n_positions", "n_ctx", "seq_length",
                            "max_sequence_length",     "max_seq_len"};
const Spellings kNormEps = {"rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", "norm_eps", "norm_epsilon"};
const Spellings kActivation = {"hidden_act", "hidden_activation", "activation_function", "activation"};

}  // namespace

Config common_config(const ConfigReader& json, const ConfigDefaults& defaults, const ConfigKeys& keys) {
  /// The setting by the family's own spellings; those that others have for it are accounted for.
  const auto count = [&](const Spellings& own, const Spellings& known, int fallback) {
    const std::string_view key = own.empty() ? std::string_view() : json.standing(own);
    const int value = own.empty() ? fallback : json.count_or(key, fallback);
    json.pass_over_others(known, key, value);
    return value;
  };
  check_quantization(json);
  json.demand("is_causal", true);
  json.demand("use_bidirectional_attention", false);
  Config config;
  config.hidden = count(keys.hidden, kHidden, defaults.hidden);
  config.heads = count(keys.heads, kHeads, defaults.heads);
  const auto null = [&](const Spellings& own) { return !own.empty() && json.is_null(own.front()); };
  const bool as_heads = defaults.kv_heads == 0 || null(keys.kv_heads);
  config.kv_heads = count(keys.kv_heads, kKvHeads, as_heads ? config.heads : defaults.kv_heads);
  const bool divided = defaults.head_dim == 0 || null(keys.head_dim);
  config.head_dim = config.hidden / config.heads;
  config.head_dim = count(keys.head_dim, kHeadDim, divided ? config.head_dim : defaults.head_dim);
  config.mlp = count(keys.mlp, kMlp, defaults.mlp > 0 ? defaults.mlp : 4 * config.hidden);
  config.vocabulary = json.count_or("vocab_size", defaults.vocabulary);
  config.context = count(keys.context, kContext, defaults.context);
  const int blocks = count(keys.blocks, kBlocks, defaults.blocks);
  if (blocks > kMostBlocks) json.refuse(keys.blocks.front(), fmt::format("must be at most {}", kMostBlocks));
  config.layers.resize(blocks);
  config.norm_eps = json.number_or(keys.norm_eps, defaults.norm_eps);
  json.pass_over_others(kNormEps, keys.norm_eps, config.norm_eps);
  const std::string activation = json.text_or(keys.activation, std::string(defaults.activation));
  config.activation = activation_named(activation, json, keys.activation);
  json.pass_over_others(kActivation, keys.activation, activation);
  config.attention_scale = 1 / std::sqrt(config.head_dim);
  config.tied = json.flag_or("tie_word_embeddings", defaults.tied);
  config.stored_dtype = json.text_or("dtype", json.text_or("torch_dtype", "float32"));
  if (config.heads % config.kv_heads != 0)
    json.refuse("num_key_value_heads", "must divide the number of attention heads");
  if (config.head_dim <= 0 || config.head_dim % 2 != 0) json.refuse("head_dim", "a head's width must be even");
  return config;
}

void set_layers(Config& config, const std::vector<bool>& sliding, int window, int full_rope) {
  for (int b = 0; b < config.block_count(); ++b) {
    config.layers[b].window = sliding[b] ? window : 0;
    config.layers[b].rope = sliding[b] ? 0 : full_rope;
  }
}

void set_one_window(const ConfigReader& json, Config& config, int window) {
  if (json.has("layer_types"))
    for (const bool slides : json.sliding(config, {}))
      if (slides != (window > 0))
        json.refuse("layer_types", "the blocks of this family all slide where sliding_window says so, and else none");
  for (Layer& layer : config.layers) layer.window = window;
  if (window == 0) json.pass_over("use_sliding_window", "no block slides");
}

int read_switched_window(const ConfigReader& json, int fallback) {
  const int window = json.window_or("sliding_window", fallback);
  if (json.flag_or("use_sliding_window", false)) return window;
  json.pass_over("sliding_window", kSwitchedOff);
  return 0;
}

void read_late_windows(const ConfigReader& json, Config& config) {
  const int window = read_switched_window(json, 4096);
  // 0 is a count here, unlike elsewhere: all blocks slide.
  const double first = json.number_or("max_window_layers", 28);
  if (window == 0 || json.has("layer_types"))
    json.pass_over("max_window_layers", window == 0 ? kSwitchedOff : "layer_types says which blocks slide");
  set_layers(config, json.sliding(config, [&](int b) { return window > 0 && b >= first; }), window);
  if (std::none_of(config.layers.begin(), config.layers.end(), [](const Layer& layer) { return layer.window > 0; }))
    json.pass_over("use_sliding_window", "no block slides");
}

}  // namespace tertium
