#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/formats/gguf.h"
#include "tertium/model/config.h"

namespace tertium {

/// How the rope of one kind of layer is spelled in config.json, and what it is where it is not.
struct RopeKeys {
  std::string_view layer_type = "full_attention";  // names a table in rope_parameters, where those are by layer type
  std::string_view theta_key = "rope_theta";       // transformers 4
  std::string_view partial_key = "partial_rotary_factor";
  double theta = 10000;
  double partial = 1;  // the part of a head's dimensions that is rotated
  bool interleaved = false;
  bool scaled = true;        // transformers 4: rope_scaling applies
  int original_context = 0;  // of scalings that need one, if neither config nor scaling says; 0: the context
};

/// The config.json of a Hugging Face folder, in the spelling of transformers 4 or 5. Every getter throws Error naming
/// file and key. A view: the JSON must outlive it.
class ConfigReader {
 public:
  ConfigReader(const nlohmann::json& json, std::string origin) : json_(&json), origin_(std::move(origin)) {}

  bool has(std::string_view key) const;      // present and not null
  bool is_null(std::string_view key) const;  // present and null, which transformers tells from absent
  int count(std::string_view key) const;     // a positive integer of at most 2^24
  int count_or(std::string_view key, int fallback) const { return has(key) ? count(key) : fallback; }
  double number(std::string_view key) const;  // finite
  double number_or(std::string_view key, double fallback) const { return has(key) ? number(key) : fallback; }
  bool flag_or(std::string_view key, bool fallback) const;
  std::string text_or(std::string_view key, std::string fallback) const;
  std::vector<std::string> texts(std::string_view key) const;
  std::vector<float> numbers(std::string_view key) const;  // finite
  std::vector<int> indices(std::string_view key) const;    // of blocks: 0 or more; none if the key is absent or null
  ConfigReader table(std::string_view key) const;

  /// A window of positions: 0 where the key is null, `fallback` where it is absent.
  int window_or(std::string_view key, int fallback) const { return is_null(key) ? 0 : count_or(key, fallback); }

  /// Refuses a value that this family cannot compute with: `demand("attention_bias", false)`. An absent key passes.
  void demand(std::string_view key, const nlohmann::json& only) const;

  /// The rope of one layer type, of a model whose heads and context stand in `config`.
  Rope rope(const Config& config, const RopeKeys& keys = {}) const;

  /// Which blocks slide: from `layer_types`, or by `otherwise` where it is absent.
  std::vector<bool> sliding(const Config& config, const std::function<bool(int)>& otherwise) const;
  /// The same, and otherwise all but every n-th, by `sliding_window_pattern` or else `pattern`.
  std::vector<bool> sliding_by_pattern(const Config& config, int pattern) const;

  [[noreturn]] void refuse(std::string_view key, std::string_view why) const;

 private:
  const nlohmann::json& at(std::string_view key) const;

  const nlohmann::json* json_;
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
  /// A window of positions; 0, or absent where `fallback` is 0, means none.
  int window_or(std::string_view key, int fallback) const;
  bool flag_or(std::string_view key, bool fallback) const { return file_.get_or<bool>(full(key), fallback); }
  bool has_tensor(std::string_view name) const { return file_.find(name) != nullptr; }
  /// Which blocks slide: as attention.sliding_window_pattern says (a list, or a period), or all but every `period`-th.
  std::vector<bool> sliding(const Config& config, int period) const;
  /// Theta, the scaling keys, and the factors that the file stores as tensors.
  Rope rope(const Config& config, double default_theta) const;
  const Gguf& file() const { return file_; }
  [[noreturn]] void refuse(std::string_view key, std::string_view why) const;

 private:
  std::string full(std::string_view key) const { return architecture_ + "." + std::string(key); }
  std::vector<float> factors(std::string_view tensor, int rotated) const;  // none if the file has no such tensor

  const Gguf& file_;
  std::string architecture_;
};

/// What a family's config.json calls the common numbers. The standard names are understood too.
struct ConfigKeys {
  std::string_view hidden = "hidden_size";
  std::string_view heads = "num_attention_heads";
  std::string_view mlp = "intermediate_size";
  std::string_view blocks = "num_hidden_layers";
  std::string_view context = "max_position_embeddings";
  std::string_view norm_eps = "rms_norm_eps";
  std::string_view activation = "hidden_act";
};

/// What transformers assumes where a config.json does not say.
struct ConfigDefaults {
  int vocabulary = 32000;
  int hidden = 4096;
  int mlp = 0;  // 0: 4 x hidden
  int blocks = 32;
  int heads = 32;
  int kv_heads = 0;  // 0: as many as heads
  int head_dim = 0;  // 0: hidden / heads
  int context = 2048;
  double norm_eps = 1e-6;
  std::string_view activation = "silu";
  bool tied = false;
};

/// What every family shares: widths, heads, vocabulary, context, activation, and one Layer a block.
Config common_config(const ConfigReader& config, const ConfigDefaults& defaults, const ConfigKeys& keys = {});
Config common_config(const GgufConfig& config);

/// Gives each block its window, if it slides, and its rope: the first, or `full_rope` where it does not slide.
void set_layers(Config& config, const std::vector<bool>& sliding, int window, int full_rope = 0);
/// Qwen's windows: where `use_sliding_window` says so, the blocks from `max_window_layers` on slide.
void read_late_windows(const ConfigReader& json, Config& config);
/// A GGUF file's experts: in every block, if it names any.
void read_experts(const GgufConfig& gguf, Config& config);

}  // namespace tertium
