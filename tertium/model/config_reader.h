#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/model/config.h"
#include "tertium/model/file_keys.h"

namespace tertium {

/// Spellings of one setting, the one that wins first.
using Spellings = std::vector<std::string_view>;

/// How the rope of one kind of layer is spelled in config.json, and what it is where it is not.
struct RopeKeys {
  std::string_view layer_type = {};           // of a family whose rope_parameters are by layer type: which of them
  std::string_view theta_key = "rope_theta";  // where the table does not say; empty: nowhere
  std::string_view partial_key = {};          // of a family that can rotate a part of a head; empty: the whole
  double theta = 10000;
  double partial = 1;  // the part of a head's dimensions that is rotated
  bool interleaved = false;
  bool scaled = true;          // transformers 4: rope_scaling applies
  bool longrope_only = false;  // whatever scaling is named, it is longrope
  int original_context = 0;    // of scalings that need one, if neither config nor scaling says; 0: the context
};

/// The config.json of a Hugging Face folder, in the spelling of transformers 4 or 5. Every getter throws Error naming
/// file and key, and notes that the key was read: see left_aside. A view: the JSON must outlive it.
class ConfigReader {
 public:
  ConfigReader(const nlohmann::json& json, std::string origin)
      : json_(&json), origin_(std::move(origin)), account_(std::make_shared<Account>()) {}

  bool has(std::string_view key) const;      // present and not null
  bool is_null(std::string_view key) const;  // present and null, which transformers tells from absent
  bool empty() const { return json_->empty(); }
  int count(std::string_view key) const;  // a positive integer of at most 2^24
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

  /// Which of a setting's spellings stands: the first that is there, else the first. The others are passed over.
  std::string_view standing(const Spellings& spellings) const;

  /// Refuses a value that this family cannot compute with: `demand("attention_bias", false)`. An absent key passes.
  void demand(std::string_view key, const nlohmann::json& only) const;
  /// A key that is known and not obeyed, as transformers does not; `why` is for people who inspect the model.
  void pass_over(std::string_view key, std::string why) const;
  void pass_over_unread(std::string_view key, std::string why) const;  // unless it was read
  /// The spellings that other families have for a setting that this one reads as `standing` and takes as `value`. They
  /// are passed over beside it; alone and saying something else, they are refused.
  void pass_over_others(const Spellings& others, std::string_view standing, const nlohmann::json& value) const;

  /// Passes over what the table `inner` of this one says too.
  void pass_over_shadowed(const ConfigReader& inner) const;

  /// The rope of one layer type, of a model whose heads and context stand in `config`.
  Rope rope(const Config& config, const RopeKeys& keys = {}) const;

  /// Which blocks slide: from `layer_types`, or by `otherwise` where it is absent.
  std::vector<bool> sliding(const Config& config, const std::function<bool(int)>& otherwise) const;
  /// The same, and otherwise all but every n-th, by `sliding_window_pattern` or else `pattern`.
  std::vector<bool> sliding_by_pattern(const Config& config, int pattern) const;

  /// What was not used of all that the file holds, when everything has been read. Throws Error naming a key that nobody
  /// read and that may change the numbers (see file_keys.h).
  std::vector<LeftAside> left_aside() const;

  [[noreturn]] void refuse(std::string_view key, std::string_view why) const;

 private:
  /// What was read of one file, by all its readers. Keys of tables are named with their table: "rope_scaling.factor".
  struct Account {
    std::set<std::string> read, tables;
    std::map<std::string, std::string> passed_over;  // and why
  };

  const nlohmann::json& at(std::string_view key) const;
  std::string full(std::string_view key) const { return prefix_ + std::string(key); }

  const nlohmann::json* json_;
  std::string origin_;
  std::string prefix_;
  std::shared_ptr<Account> account_;
};

/// What a family's config.json calls the common numbers, in transformers' order.
struct ConfigKeys {
  Spellings hidden = {"hidden_size"};
  Spellings heads = {"num_attention_heads"};
  Spellings kv_heads = {"num_key_value_heads"};  // empty: as many as heads
  Spellings head_dim = {"head_dim"};             // empty: hidden / heads
  Spellings mlp = {"intermediate_size"};
  Spellings blocks = {"num_hidden_layers"};
  Spellings context = {"max_position_embeddings"};
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

/// Gives each block its window, if it slides, and its rope: the first, or `full_rope` where it does not slide.
void set_layers(Config& config, const std::vector<bool>& sliding, int window, int full_rope = 0);
/// Gives all blocks one window. A `layer_types` that says otherwise is refused.
void set_one_window(const ConfigReader& json, Config& config, int window);
/// The window of `sliding_window`, or `fallback`; 0 unless `use_sliding_window` switches it on.
int read_switched_window(const ConfigReader& json, int fallback);
/// Qwen's windows: where `use_sliding_window` says so, the blocks from `max_window_layers` on slide.
void read_late_windows(const ConfigReader& json, Config& config);

}  // namespace tertium
