#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/formats/gguf.h"
#include "tertium/model/config.h"

namespace tertium {

/// The config.json of a Hugging Face folder, in the spelling of transformers 4 or 5. Every getter throws Error naming
/// file and key.
class ConfigReader {
 public:
  ConfigReader(const nlohmann::json& json, std::string origin) : json_(json), origin_(std::move(origin)) {}

  bool has(std::string_view key) const;   // present and not null
  int count(std::string_view key) const;  // a positive integer of at most 2^24
  int count_or(std::string_view key, int fallback) const { return has(key) ? count(key) : fallback; }
  double number(std::string_view key) const;
  double number_or(std::string_view key, double fallback) const { return has(key) ? number(key) : fallback; }
  bool flag_or(std::string_view key, bool fallback) const;
  std::string text_or(std::string_view key, std::string fallback) const;
  std::vector<std::string> texts(std::string_view key) const;

  /// Refuses a value that this family cannot compute with: `demand("attention_bias", false)`.
  void demand(std::string_view key, const nlohmann::json& only) const;

  /// The rope of one layer type: from `rope_parameters` (flat, or one table a layer type), or from `theta_key` and
  /// `rope_scaling`.
  Rope rope(std::string_view layer_type, std::string_view theta_key, double default_theta, bool scaled = true) const;

  [[noreturn]] void refuse(std::string_view key, std::string_view why) const;

 private:
  const nlohmann::json& at(std::string_view key) const;

  const nlohmann::json& json_;
  std::string origin_;
};

/// The architecture's keys of a GGUF file: `count("block_count")` reads "llama.block_count".
class GgufConfig {
 public:
  GgufConfig(const Gguf& file, std::string architecture) : file_(file), architecture_(std::move(architecture)) {}

  bool has(std::string_view key) const { return file_.has(full(key)); }
  int count(std::string_view key) const;
  int count_or(std::string_view key, int fallback) const { return has(key) ? count(key) : fallback; }
  double number(std::string_view key) const;
  double number_or(std::string_view key, double fallback) const { return has(key) ? number(key) : fallback; }
  /// Theta, the scaling keys, and the divisors of `rope_freqs.weight` where the file has them.
  Rope rope(double default_theta, int head_dim) const;
  const Gguf& file() const { return file_; }
  [[noreturn]] void refuse(std::string_view key, std::string_view why) const;

 private:
  std::string full(std::string_view key) const { return architecture_ + "." + std::string(key); }

  const Gguf& file_;
  std::string architecture_;
};

/// What every family shares: widths, heads, vocabulary, context, and one Layer a block.
Config common_config(const ConfigReader& config);
Config common_config(const GgufConfig& config);

/// By the name that config.json uses (`hidden_act`).
Activation activation_named(std::string_view name, const ConfigReader& config, std::string_view key);

}  // namespace tertium
