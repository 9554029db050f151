#include "tertium/model/config_reader.h"

#include <algorithm>
#include <cmath>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

constexpr std::int64_t kLargestCount =
    1 << 24;  // of heads, widths, words, positions: far above any model, far below overflow

bool is_count(std::int64_t value) { return value > 0 && value <= kLargestCount; }

using Scaling = Rope::Scaling;

constexpr std::pair<std::string_view, Scaling> kScalings[] = {
    {"default", Scaling::none},  {"linear", Scaling::linear}, {"dynamic", Scaling::dynamic},
    {"llama3", Scaling::llama3}, {"yarn", Scaling::yarn},     {"longrope", Scaling::longrope},
    {"su", Scaling::longrope},  // as the first Phi-3 files spell it
};

/// How much longer a scaled context's attention is stretched (YaRN's paper, section 3.4).
double yarn_attention_factor(double factor, double strength = 1) {
  return factor <= 1 ? 1 : 0.1 * strength * std::log(factor) + 1;
}

double longrope_attention_factor(double factor, double original_context) {
  return factor <= 1 ? 1 : std::sqrt(1 + std::log(factor) / std::log(original_context));
}

Scaling scaling_named(const std::string& type, const ConfigReader& origin, std::string_view key) {
  std::vector<std::string> known;
  for (const auto& [name, scaling] : kScalings) {
    if (name == type) return scaling;
    known.emplace_back(name);
  }
  origin.refuse(key, "rope_type \"" + printable(type) + "\" is not supported; tertium knows " + join(known));
}

/// Reads a scaling's own numbers from its table. `rope` holds theta, original_context and the dimensions already.
void read_scaling(const ConfigReader& table, const Config& config, Rope& rope) {
  const double extension = config.context / rope.original_context;
  switch (rope.scaling) {
    case Scaling::none:
      return;
    case Scaling::linear:
      rope.factor = table.number("factor");
      return;
    case Scaling::dynamic:
      rope.factor = table.number("factor");
      rope.original_context = config.context;
      return;
    case Scaling::llama3:
      rope.factor = table.number("factor");
      rope.low_freq_factor = table.number("low_freq_factor");
      rope.high_freq_factor = table.number("high_freq_factor");
      return;
    case Scaling::yarn: {
      rope.factor = table.number_or("factor", extension);
      rope.beta_fast = table.number_or("beta_fast", 32);
      rope.beta_slow = table.number_or("beta_slow", 1);
      rope.truncate = table.flag_or("truncate", true);
      const double mscale = table.number_or("mscale", 0), all = table.number_or("mscale_all_dim", 0);
      const double implied = mscale != 0 && all != 0
                                 ? yarn_attention_factor(rope.factor, mscale) / yarn_attention_factor(rope.factor, all)
                                 : yarn_attention_factor(rope.factor);
      rope.attention_factor = table.number_or("attention_factor", implied);
      return;
    }
    case Scaling::longrope:
      rope.short_factors = table.numbers("short_factor");
      rope.long_factors = table.numbers("long_factor");
      rope.attention_factor = table.number_or(
          "attention_factor", longrope_attention_factor(table.number_or("factor", extension), rope.original_context));
      return;
  }
}

/// What is wrong with a rope, or nothing.
std::string_view fault(const Rope& rope) {
  if (rope.rotated <= 0 || rope.rotated % 2 != 0) return "the number of rotated dimensions of a head must be even";
  if (!(rope.theta > 0) || !(rope.factor > 0)) return "theta and factor must be positive";
  if (rope.scaling == Scaling::llama3 &&
      (!(rope.low_freq_factor > 0) || !(rope.high_freq_factor > rope.low_freq_factor)))
    return "llama3 needs 0 < low_freq_factor < high_freq_factor";
  if (rope.scaling == Scaling::yarn && !(rope.beta_fast > 0 && rope.beta_slow > 0 && rope.theta > 1))
    return "yarn needs positive beta_fast and beta_slow, and a theta above 1";
  if (rope.scaling == Scaling::dynamic && rope.rotated <= 2) return "dynamic scaling needs more than 2 dimensions";
  for (const std::vector<float>* factors : {&rope.short_factors, &rope.long_factors}) {
    if (!factors->empty() && factors->size() != static_cast<std::size_t>(rope.rotated / 2))
      return "its factors must be one for each pair of rotated dimensions";
    if (std::any_of(factors->begin(), factors->end(), [](float factor) { return !(factor > 0); }))
      return "its factors must be positive";
  }
  return {};
}

void check_heads(const Config& config, const auto& reader, std::string_view kv_key, std::string_view dim_key) {
  if (config.heads % config.kv_heads != 0) reader.refuse(kv_key, "must divide the number of attention heads");
  if (config.head_dim <= 0 || config.head_dim % 2 != 0) reader.refuse(dim_key, "a head's width must be even");
}

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

}  // namespace

bool ConfigReader::has(std::string_view key) const {
  return json_->contains(key) && !json_->at(std::string(key)).is_null();
}

bool ConfigReader::is_null(std::string_view key) const { return json_->contains(key) && !has(key); }

const nlohmann::json& ConfigReader::at(std::string_view key) const {
  if (!has(key)) fail("{}: no \"{}\"", origin_, key);
  return json_->at(std::string(key));
}

int ConfigReader::count(std::string_view key) const {
  const nlohmann::json& value = at(key);
  if (!value.is_number_integer() || !is_count(value.get<std::int64_t>())) refuse(key, "must be a positive integer");
  return value.get<int>();
}

double ConfigReader::number(std::string_view key) const {
  const nlohmann::json& value = at(key);
  if (!value.is_number() || !std::isfinite(value.get<double>())) refuse(key, "must be a finite number");
  return value.get<double>();
}

bool ConfigReader::flag_or(std::string_view key, bool fallback) const {
  if (!has(key)) return fallback;
  if (!at(key).is_boolean()) refuse(key, "must be true or false");
  return at(key).get<bool>();
}

std::string ConfigReader::text_or(std::string_view key, std::string fallback) const {
  if (!has(key)) return fallback;
  if (!at(key).is_string()) refuse(key, "must be a string");
  return at(key).get<std::string>();
}

std::vector<std::string> ConfigReader::texts(std::string_view key) const {
  const nlohmann::json& value = at(key);
  std::vector<std::string> words;
  if (!value.is_array()) refuse(key, "must be a list of strings");
  for (const nlohmann::json& word : value) {
    if (!word.is_string()) refuse(key, "must be a list of strings");
    words.push_back(word.get<std::string>());
  }
  return words;
}

std::vector<float> ConfigReader::numbers(std::string_view key) const {
  const nlohmann::json& list = at(key);
  std::vector<float> numbers;
  if (!list.is_array()) refuse(key, "must be a list of numbers");
  for (const nlohmann::json& value : list) {
    if (!value.is_number() || !std::isfinite(value.get<float>())) refuse(key, "must be a list of finite numbers");
    numbers.push_back(value.get<float>());
  }
  return numbers;
}

std::vector<int> ConfigReader::indices(std::string_view key) const {
  std::vector<int> indices;
  if (!has(key)) return indices;
  for (const float value : numbers(key)) {
    if (value < 0 || value > kLargestCount || value != std::floor(value))
      refuse(key, "must be a list of block indices");
    indices.push_back(static_cast<int>(value));
  }
  return indices;
}

ConfigReader ConfigReader::table(std::string_view key) const {
  if (!at(key).is_object()) refuse(key, "must be a table");
  return ConfigReader(at(key), origin_ + ": " + std::string(key));
}

void ConfigReader::demand(std::string_view key, const nlohmann::json& only) const {
  if (has(key) && at(key) != only) refuse(key, "only " + only.dump() + " is supported for this family");
}

Rope ConfigReader::rope(const Config& config, const RopeKeys& keys) const {
  // transformers 5 keeps everything in rope_parameters, flat or by layer type; transformers 4 spreads it.
  static const nlohmann::json kNothing = nlohmann::json::object();
  ConfigReader scaling(kNothing, origin_);
  if (has("rope_parameters")) {
    scaling = table("rope_parameters");
    if (scaling.has("full_attention") || scaling.has("sliding_attention"))
      scaling = scaling.has(keys.layer_type) ? scaling.table(keys.layer_type) : ConfigReader(kNothing, origin_);
  } else if (keys.scaled && has("rope_scaling")) {
    scaling = table("rope_scaling");
  }

  Rope rope;
  rope.interleaved = keys.interleaved;
  rope.theta = scaling.number_or("rope_theta", number_or(keys.theta_key, keys.theta));
  const double part = scaling.number_or("partial_rotary_factor", number_or(keys.partial_key, keys.partial));
  if (!(part > 0 && part <= 1)) refuse(keys.partial_key, "must be above 0 and at most 1");
  rope.rotated = static_cast<int>(config.head_dim * part);
  constexpr std::string_view kOriginal = "original_max_position_embeddings";
  rope.original_context = number_or(
      kOriginal, keys.original_context > 0 ? keys.original_context : scaling.number_or(kOriginal, config.context));
  if (!(rope.original_context > 1)) refuse(kOriginal, "must be a number of positions");
  rope.scaling = scaling_named(scaling.text_or("rope_type", scaling.text_or("type", "default")), scaling, "rope_type");
  read_scaling(scaling, config, rope);
  if (const std::string_view wrong = fault(rope); !wrong.empty()) scaling.refuse("rope", wrong);
  return rope;
}

std::vector<bool> ConfigReader::sliding(const Config& config, const std::function<bool(int)>& otherwise) const {
  std::vector<bool> sliding;
  if (!has("layer_types")) {
    for (int b = 0; b < config.block_count(); ++b) sliding.push_back(otherwise(b));
    return sliding;
  }
  for (const std::string& type : texts("layer_types")) {
    if (type != "full_attention" && type != "sliding_attention")
      refuse("layer_types", "\"" + printable(type) +
                                "\" is not supported; tertium knows full_attention and "
                                "sliding_attention");
    sliding.push_back(type == "sliding_attention");
  }
  if (sliding.size() != config.layers.size()) refuse("layer_types", "must name one type for each hidden layer");
  return sliding;
}

std::vector<bool> ConfigReader::sliding_by_pattern(const Config& config, int pattern) const {
  pattern = count_or("sliding_window_pattern", count_or("_sliding_window_pattern", pattern));
  return sliding(config, [&](int b) { return (b + 1) % pattern != 0; });
}

void ConfigReader::refuse(std::string_view key, std::string_view why) const {
  fail("{}: \"{}\": {}", origin_, key, why);
}

int GgufConfig::count(std::string_view key) const {
  const std::int64_t value = file_.get<std::int64_t>(full(key));
  if (!is_count(value)) refuse(key, "must be a positive integer");
  return static_cast<int>(value);
}

double GgufConfig::number(std::string_view key) const {
  const double value = file_.get<double>(full(key));
  if (!std::isfinite(value)) refuse(key, "must be a finite number");
  return value;
}

int GgufConfig::window_or(std::string_view key, int fallback) const {
  if (!has(key)) return fallback;
  return file_.get<std::int64_t>(full(key)) == 0 ? 0 : count(key);
}

std::vector<bool> GgufConfig::sliding(const Config& config, int period) const {
  constexpr std::string_view kKey = "attention.sliding_window_pattern";
  std::vector<bool> sliding;
  const auto stored = file_.metadata().find(full(kKey));
  if (stored != file_.metadata().end() && std::holds_alternative<std::vector<bool>>(stored->second)) {
    sliding = std::get<std::vector<bool>>(stored->second);
    if (sliding.size() != config.layers.size()) refuse(kKey, "must say it for each block");
    return sliding;
  }
  period = count_or(kKey, period);
  for (int b = 0; b < config.block_count(); ++b) sliding.push_back((b + 1) % period != 0);
  return sliding;
}

std::vector<float> GgufConfig::factors(std::string_view name, int rotated) const {
  const TensorView* tensor = file_.find(name);
  if (!tensor) return {};
  if (tensor->count() != static_cast<std::size_t>(rotated / 2))
    fail("{}: tensor \"{}\" has {} values, not one for each of the {} pairs of rotated dimensions",
         file_.path().string(), name, tensor->count(), rotated / 2);
  std::vector<float> values(tensor->count());
  to_f32(*tensor, values);
  return values;
}

Rope GgufConfig::rope(const Config& config, double default_theta) const {
  Rope rope;
  rope.theta = number_or("rope.freq_base", default_theta);
  rope.rotated = count_or("rope.dimension_count", config.head_dim);
  if (rope.rotated > config.head_dim) refuse("rope.dimension_count", "must be at most a head's width");
  rope.factor = number_or("rope.scaling.factor", 1);
  rope.original_context = number_or("rope.scaling.original_context_length", config.context);
  if (!(rope.original_context > 1)) refuse("rope.scaling.original_context_length", "must be a number of positions");
  rope.short_factors = rope.long_factors = factors("rope_freqs.weight", rope.rotated);
  const std::vector<float> long_factors = factors("rope_factors_long.weight", rope.rotated);
  const std::string type = file_.get_or<std::string>(full("rope.scaling.type"), rope.factor == 1 ? "none" : "linear");
  if (!long_factors.empty()) {
    rope.scaling = Scaling::longrope;
    rope.long_factors = long_factors;
    rope.short_factors = factors("rope_factors_short.weight", rope.rotated);
    if (rope.short_factors.empty())
      fail("{}: has rope_factors_long.weight without rope_factors_short.weight", file_.path().string());
    rope.attention_factor =
        number_or("rope.scaling.attn_factor",
                  longrope_attention_factor(config.context / rope.original_context, rope.original_context));
  } else if (type == "linear") {
    rope.scaling = Scaling::linear;
  } else if (type == "yarn") {
    rope.scaling = Scaling::yarn;
    rope.beta_fast = number_or("rope.scaling.yarn_beta_fast", 32);
    rope.beta_slow = number_or("rope.scaling.yarn_beta_slow", 1);
    rope.attention_factor = number_or("rope.scaling.yarn_attn_factor", yarn_attention_factor(rope.factor));
  } else if (type != "none") {
    refuse("rope.scaling.type", "\"" + printable(type) +
                                    "\" is not supported; tertium knows none, linear, yarn, and "
                                    "longrope's factors");
  }
  if (const std::string_view wrong = fault(rope); !wrong.empty()) refuse("rope", wrong);
  return rope;
}

void GgufConfig::refuse(std::string_view key, std::string_view why) const {
  fail("{}: \"{}\": {}", file_.path().string(), full(key), why);
}

Config common_config(const ConfigReader& json, const ConfigDefaults& defaults, const ConfigKeys& keys) {
  // A family's own name for a number, or the standard one: transformers takes both.
  const auto count = [&](std::string_view key, std::string_view standard, int fallback) {
    return json.count_or(key, json.count_or(standard, fallback));
  };
  const ConfigKeys standard;
  check_quantization(json);
  Config config;
  config.hidden = count(keys.hidden, standard.hidden, defaults.hidden);
  config.heads = count(keys.heads, standard.heads, defaults.heads);
  const bool as_heads = defaults.kv_heads == 0 || json.is_null("num_key_value_heads");
  config.kv_heads = json.count_or("num_key_value_heads", as_heads ? config.heads : defaults.kv_heads);
  const bool divided = defaults.head_dim == 0 || json.is_null("head_dim");
  config.head_dim = json.count_or("head_dim", divided ? config.hidden / config.heads : defaults.head_dim);
  config.mlp = count(keys.mlp, standard.mlp, defaults.mlp > 0 ? defaults.mlp : 4 * config.hidden);
  config.vocabulary = json.count_or("vocab_size", defaults.vocabulary);
  config.context = count(keys.context, standard.context, defaults.context);
  config.layers.resize(count(keys.blocks, standard.blocks, defaults.blocks));
  config.norm_eps = json.number_or(keys.norm_eps, defaults.norm_eps);
  config.activation =
      activation_named(json.text_or(keys.activation, std::string(defaults.activation)), json, keys.activation);
  config.attention_scale = 1 / std::sqrt(config.head_dim);
  config.tied = json.flag_or("tie_word_embeddings", defaults.tied);
  config.stored_dtype = json.text_or("dtype", json.text_or("torch_dtype", "float32"));
  check_heads(config, json, "num_key_value_heads", "head_dim");
  return config;
}

Config common_config(const GgufConfig& gguf) {
  Config config;
  config.hidden = gguf.count("embedding_length");
  config.heads = gguf.count("attention.head_count");
  config.kv_heads = gguf.count_or("attention.head_count_kv", config.heads);
  config.head_dim = gguf.count_or("attention.key_length", config.hidden / config.heads);
  config.mlp = gguf.count("feed_forward_length");
  const TensorView* embedding = gguf.file().find("token_embd.weight");
  if (!embedding || embedding->shape.size() != 2)
    fail("{}: no tensor \"token_embd.weight\"", gguf.file().path().string());
  config.vocabulary = static_cast<int>(embedding->shape[0]);
  config.context = gguf.count("context_length");
  config.layers.resize(gguf.count("block_count"));
  config.norm_eps = gguf.has("attention.layer_norm_rms_epsilon") ? gguf.number("attention.layer_norm_rms_epsilon")
                                                                 : gguf.number("attention.layer_norm_epsilon");
  config.attention_scale = 1 / std::sqrt(config.head_dim);
  config.tied = gguf.file().find("output.weight") == nullptr;
  config.biases = {.norm = gguf.has_tensor("output_norm.bias"),
                   .qkv = gguf.has_tensor("blk.0.attn_q.bias") || gguf.has_tensor("blk.0.attn_qkv.bias"),
                   .attn_output = gguf.has_tensor("blk.0.attn_output.bias"),
                   .mlp = gguf.has_tensor("blk.0.ffn_down.bias")};
  config.stored_dtype = "GGUF " + std::string(layout(embedding->dtype).name);
  check_heads(config, gguf, "attention.head_count_kv", "attention.key_length");
  if (gguf.count_or("attention.value_length", config.head_dim) != config.head_dim)
    gguf.refuse("attention.value_length", "must equal attention.key_length");
  return config;
}

void set_layers(Config& config, const std::vector<bool>& sliding, int window, int full_rope) {
  for (int b = 0; b < config.block_count(); ++b) {
    config.layers[b].window = sliding[b] ? window : 0;
    config.layers[b].rope = sliding[b] ? 0 : full_rope;
  }
}

void read_late_windows(const ConfigReader& json, Config& config) {
  const int window = json.flag_or("use_sliding_window", false) ? json.window_or("sliding_window", 4096) : 0;
  // 0 is a count here, unlike elsewhere: all blocks slide.
  const double first = json.number_or("max_window_layers", 28);
  set_layers(config, json.sliding(config, [&](int b) { return window > 0 && b >= first; }), window);
}

void read_experts(const GgufConfig& gguf, Config& config) {
  if (gguf.window_or("expert_count", 0) == 0) return;
  config.experts = {.count = gguf.count("expert_count"),
                    .per_row = gguf.count("expert_used_count"),
                    .width = gguf.count_or("expert_feed_forward_length", config.mlp)};
  for (Layer& layer : config.layers) layer.experts = true;
}

}  // namespace tertium
