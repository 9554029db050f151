#include "tertium/model/config_reader.h"

#include <cmath>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

constexpr std::int64_t kLargestCount =
    1 << 24;  // of heads, widths, words, positions: far above any model, far below overflow

bool is_count(std::int64_t value) { return value > 0 && value <= kLargestCount; }

void check_rope(const Rope& rope, const ConfigReader& config, std::string_view key) {
  if (!(rope.theta > 0) || !(rope.factor > 0) || !std::isfinite(rope.theta) || !std::isfinite(rope.factor))
    config.refuse(key, "its theta and factor must be positive");
  if (rope.scaling == Rope::Scaling::llama3 &&
      (!(rope.original_context > 0) || !(rope.low_freq_factor > 0) || !(rope.high_freq_factor > rope.low_freq_factor)))
    config.refuse(key, "llama3 needs original_max_position_embeddings and low_freq_factor < high_freq_factor");
}

/// Reads a scaling table ("rope_type", "factor", …) into `rope`.
void read_scaling(const nlohmann::json& json, std::string_view key, const ConfigReader& origin, const std::string& file,
                  Rope& rope) {
  const ConfigReader table(json, file + ": " + std::string(key));
  rope.theta = table.number_or("rope_theta", rope.theta);
  const std::string type = table.text_or("rope_type", table.text_or("type", "default"));
  if (type == "default") return;
  if (type == "linear") {
    rope.scaling = Rope::Scaling::linear;
  } else if (type == "llama3") {
    rope.scaling = Rope::Scaling::llama3;
    rope.low_freq_factor = table.number("low_freq_factor");
    rope.high_freq_factor = table.number("high_freq_factor");
    rope.original_context = table.number("original_max_position_embeddings");
  } else {
    origin.refuse(key, "rope_type \"" + printable(type) + "\" is not supported; tertium knows default, linear, llama3");
  }
  rope.factor = table.number("factor");
}

}  // namespace

bool ConfigReader::has(std::string_view key) const {
  return json_.contains(key) && !json_.at(std::string(key)).is_null();
}

const nlohmann::json& ConfigReader::at(std::string_view key) const {
  if (!has(key)) fail("{}: no \"{}\"", origin_, key);
  return json_.at(std::string(key));
}

int ConfigReader::count(std::string_view key) const {
  const nlohmann::json& value = at(key);
  if (!value.is_number_integer() || !is_count(value.get<std::int64_t>())) refuse(key, "must be a positive integer");
  return value.get<int>();
}

double ConfigReader::number(std::string_view key) const {
  const nlohmann::json& value = at(key);
  if (!value.is_number()) refuse(key, "must be a number");
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

void ConfigReader::demand(std::string_view key, const nlohmann::json& only) const {
  if (has(key) && at(key) != only) refuse(key, "only " + only.dump() + " is supported for this family");
}

Rope ConfigReader::rope(std::string_view layer_type, std::string_view theta_key, double default_theta,
                        bool scaled) const {
  Rope rope;
  std::string_view key = "rope_parameters";
  if (has(key)) {
    if (!at(key).is_object()) refuse(key, "must be a table");
    const nlohmann::json& all = at(key);
    const bool by_layer_type = all.contains(layer_type);
    rope.theta = default_theta;
    const nlohmann::json& table = by_layer_type ? all.at(std::string(layer_type)) : all;
    if (!table.is_object()) refuse(key, "must be a table");
    read_scaling(table, key, *this, origin_, rope);
  } else {
    key = "rope_scaling";
    rope.theta = number_or(theta_key, default_theta);
    if (scaled && has(key)) {
      if (!at(key).is_object()) refuse(key, "must be a table");
      read_scaling(at(key), key, *this, origin_, rope);
    }
  }
  check_rope(rope, *this, key);
  return rope;
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

Rope GgufConfig::rope(double default_theta, int head_dim) const {
  Rope rope;
  rope.theta = number_or("rope.freq_base", default_theta);
  rope.factor = number_or("rope.scaling.factor", 1);
  const std::string type = file_.get_or<std::string>(full("rope.scaling.type"), rope.factor == 1 ? "none" : "linear");
  if (type == "linear")
    rope.scaling = Rope::Scaling::linear;
  else if (type != "none")
    refuse("rope.scaling.type", "\"" + printable(type) + "\" is not supported; tertium knows none, linear");
  if (!(rope.theta > 0) || !(rope.factor > 0)) refuse("rope.freq_base", "theta and factor must be positive");
  if (const TensorView* divisors = file_.find("rope_freqs.weight")) {
    if (divisors->count() != static_cast<std::size_t>(head_dim / 2))
      fail("{}: tensor \"rope_freqs.weight\" has {} values, not head_dim / 2 = {}", file_.path().string(),
           divisors->count(), head_dim / 2);
    rope.divisors.resize(divisors->count());
    to_f32(*divisors, rope.divisors);
  }
  return rope;
}

void GgufConfig::refuse(std::string_view key, std::string_view why) const {
  fail("{}: \"{}\": {}", file_.path().string(), full(key), why);
}

Config common_config(const ConfigReader& json) {
  Config config;
  config.hidden = json.count("hidden_size");
  config.heads = json.count("num_attention_heads");
  config.kv_heads = json.count_or("num_key_value_heads", config.heads);
  config.head_dim = json.count_or("head_dim", config.hidden / config.heads);
  config.mlp = json.count("intermediate_size");
  config.vocabulary = json.count("vocab_size");
  config.context = json.count("max_position_embeddings");
  config.layers.resize(json.count("num_hidden_layers"));
  config.norm_eps = json.number_or("rms_norm_eps", 1e-6);
  config.attention_scale = 1 / std::sqrt(config.head_dim);
  config.stored_dtype = json.text_or("dtype", json.text_or("torch_dtype", "float32"));
  if (config.heads % config.kv_heads != 0) json.refuse("num_key_value_heads", "must divide num_attention_heads");
  if (config.head_dim % 2 != 0) json.refuse("head_dim", "must be even");
  if (json.has("quantization_config"))
    json.refuse("quantization_config", "quantized checkpoints are not supported; use GGUF");
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
  config.norm_eps = gguf.number("attention.layer_norm_rms_epsilon");
  config.attention_scale = 1 / std::sqrt(config.head_dim);
  config.tied = gguf.file().find("output.weight") == nullptr;
  config.stored_dtype = "GGUF " + std::string(layout(embedding->dtype).name);
  if (config.heads % config.kv_heads != 0) gguf.refuse("attention.head_count_kv", "must divide attention.head_count");
  if (config.head_dim % 2 != 0) gguf.refuse("attention.key_length", "must be even");
  if (gguf.count_or("attention.value_length", config.head_dim) != config.head_dim)
    gguf.refuse("attention.value_length", "must equal attention.key_length");
  return config;
}

Activation activation_named(std::string_view name, const ConfigReader& config, std::string_view key) {
  if (name == "silu" || name == "swish") return Activation::silu;
  if (name == "gelu") return Activation::gelu;
  if (name == "gelu_pytorch_tanh" || name == "gelu_new" || name == "gelu_fast") return Activation::gelu_tanh;
  config.refuse(key,
                fmt::format("\"{}\" is not supported; tertium knows silu, gelu, gelu_pytorch_tanh", printable(name)));
}

}  // namespace tertium
