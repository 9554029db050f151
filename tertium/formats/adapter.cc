#include "tertium/formats/adapter.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "tertium/base/error.h"
#include "tertium/base/json.h"
#include "tertium/base/text.h"
#include "tertium/formats/known_keys.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kConfigFile = "adapter_config.json";
constexpr const char* kTensorsFile = "adapter_model.safetensors";
constexpr std::string_view kBefore = "base_model.model.";  // of every module's name
constexpr int kMostRank = 1 << 16;

constexpr std::string_view kStart = "of the factors' first values only, which training has changed since";
constexpr KnownKey kHarmless[] = {
    {"auto_mapping", "names Python code, which is not run"},
    {"peft_version", "describes the file"},
    {"revision", "of the model that it was made for"},
    {"inference_mode", "of training"},
    {"eva_config", kStart},
    {"loftq_config", kStart},
    {"corda_config", kStart},
    {"lora_ga_config", kStart},
    {"megatron_core", "names Python code, which is not run"},
    {"qalora_group_size", "only use_qalora reads it"},
    {"ensure_weight_tying", "of modules that are saved whole, and there are none"},
    {"runtime_config", "of how a program computes, not of what"},
};

/// Settings of other methods, which would give other numbers.
constexpr const char* kUnsupported[] = {
    "use_dora",          "use_qalora",      "use_bdlora",   "lora_bias",        "alora_invocation_tokens",
    "layer_replication", "target_parameters", "kasa_config", "arrow_config",     "monteclora_config",
    "velora_config",     "modules_to_save", "trainable_token_indices", "megatron_config",
};

bool is_off(const json& value) {
  if (value.is_number()) return value == 0;
  return value.is_null() || value == false || value == "" || (value.is_structured() && value.empty());
}

std::string spelled(const TensorView& tensor) { return fmt::format("[{}]", fmt::join(tensor.shape, ", ")); }

/// Hands out the keys of the config, and then refuses those that nobody asked for.
class Keys {
 public:
  Keys(const json& object, std::string origin) : object_(object), origin_(std::move(origin)) {}

  /// Null if absent or null.
  const json* find(const std::string& key) {
    asked_.insert(key);
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }
  bool flag(const std::string& key) {
    const json* value = find(key);
    if (value && !value->is_boolean()) refuse(key, "must be true or false");
    return value && value->get<bool>();
  }
  std::string text(const std::string& key) {
    const json* value = find(key);
    if (value && !value->is_string()) refuse(key, "must be a text");
    return value ? value->get<std::string>() : "";
  }
  std::vector<std::string> texts(const std::string& key) {
    const json* value = find(key);
    std::vector<std::string> all;
    if (!value) return all;
    if (value->is_string()) return {value->get<std::string>()};
    if (!value->is_array()) refuse(key, "must be a text or a list of them");
    for (const json& element : *value) {
      if (!element.is_string()) refuse(key, "must be a text or a list of them");
      all.push_back(element.get<std::string>());
    }
    return all;
  }
  int rank(const std::string& key, const json& value) const {
    if (!value.is_number_integer() || value < 1 || value > kMostRank)
      refuse(key, fmt::format("a rank must be a whole number from 1 to {}", kMostRank));
    return value.get<int>();
  }
  double alpha(const std::string& key, const json& value) const {
    if (!value.is_number() || !std::isfinite(value.get<double>())) refuse(key, "must be a number");
    return value.get<double>();
  }
  ModuleChoice modules(const std::string& key) {
    ModuleChoice choice;
    const json* value = find(key);
    if (!value || !value->is_string()) {
      choice.names = texts(key);
      return choice;
    }
    std::string expression = value->get<std::string>(), lower = expression;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    choice.all = lower == "all-linear";
    if (!choice.all) choice.pattern.emplace(expression, origin_ + ": " + key);
    return choice;
  }
  /// Expressions and what they stand for. PEFT takes the last part of a name, or more of its parts.
  template <class Value>
  std::vector<std::pair<ModulePattern, Value>> patterns(const std::string& key, const auto& read) {
    std::vector<std::pair<ModulePattern, Value>> all;
    const json* value = find(key);
    if (!value) return all;
    if (!value->is_object()) refuse(key, "must be an object of modules and numbers");
    for (const auto& [expression, number] : value->items())
      all.emplace_back(ModulePattern("(?:.*\\.)?(?:" + expression + ")", origin_ + ": " + key), read(key, number));
    return all;
  }
  std::optional<std::set<int>> blocks(const std::string& key) {
    const json* value = find(key);
    if (!value || (value->is_array() && value->empty())) return {};
    std::set<int> blocks;
    for (const json& number : value->is_array() ? *value : json::array({*value})) {
      if (!number.is_number_integer() || number < 0 || number > std::numeric_limits<int>::max())
        refuse(key, "must be a block's number or a list of them");
      blocks.insert(number.get<int>());
    }
    return blocks;
  }
  [[noreturn]] void refuse(const std::string& key, const std::string& why) const {
    fail("{}: \"{}\": {}", origin_, printable(key), why);
  }

  std::vector<std::pair<std::string, std::string>> demand_no_others() const {
    std::vector<std::pair<std::string, std::string>> aside;
    for (const auto& [key, value] : object_.items()) {
      if (asked_.contains(key)) continue;
      if (const std::string_view why = why_known(key, kHarmless); !why.empty())
        aside.emplace_back(key, why);
      else if (is_off(value))
        aside.emplace_back(key, "switched off");
      else
        refuse(key, "is a setting that tertium does not know, and it may change what the adapter does");
    }
    return aside;
  }

 private:
  const json& object_;
  std::string origin_;
  std::set<std::string> asked_;
};

/// The value of the one expression that a module fits, or `otherwise`.
template <class Value>
Value chosen(const std::vector<std::pair<ModulePattern, Value>>& patterns, std::string_view module, Value otherwise,
             const std::string& origin, const char* key) {
  std::optional<Value> found;
  for (const auto& [pattern, value] : patterns) {
    if (!pattern.fits(module)) continue;
    if (found && *found != value)
      fail("{}: \"{}\": two of its expressions fit the module \"{}\"; leave one out", origin, key, printable(module));
    found = value;
  }
  return found.value_or(otherwise);
}

bool ends_in(std::string_view module, std::string_view name) {
  return module == name || (module.size() > name.size() && module.ends_with(name) &&
                            module[module.size() - name.size() - 1] == '.');
}

}  // namespace

bool ModuleChoice::holds(std::string_view module) const {
  if (all) return !module.ends_with("lm_head") && !module.ends_with("embed_out");
  if (pattern) return pattern->fits(module);
  return std::ranges::any_of(names, [&](const std::string& name) { return ends_in(module, name); });
}

bool AdapterConfig::targets_module(std::string_view module) const {
  if (excluded.holds(module) || !targets.holds(module)) return false;
  if (!blocks) return true;
  int number = block_parents.empty() ? block_number(module, "", origin) : -1;
  for (const std::string& parent : block_parents)
    if (number < 0) number = block_number(module, parent, origin);
  return blocks->contains(number);
}

int AdapterConfig::rank_of(std::string_view module) const {
  return chosen(ranks, module, rank, origin, "rank_pattern");
}

double AdapterConfig::scale_of(std::string_view module) const {
  const double of_module = chosen(alphas, module, alpha, origin, "alpha_pattern"), r = rank_of(module);
  return of_module / (rank_stabilized ? std::sqrt(r) : r);
}

Adapter::Adapter(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored))
    fail("{}: no such adapter; name a folder with {} and {}", folder.string(), kConfigFile, kTensorsFile);
  const fs::path config = folder / kConfigFile, tensors = folder / kTensorsFile;
  if (!is_there(config)) fail("{}: holds no {}; name a folder that PEFT saved a LoRA adapter to", folder.string(), kConfigFile);
  if (!is_there(tensors))
    fail("{}: holds no {}{}", folder.string(), kTensorsFile,
         is_there(folder / "adapter_model.bin")
             ? ", only adapter_model.bin, which is not read; save it again as safetensors (in Python, peft: "
               "save_pretrained)"
             : "; fetch the adapter again");
  files_.push_back(InputFile(config).state());
  read_config(config);
  tensors_.emplace(tensors);
  tensors_origin_ = tensors.string();
  files_.push_back(tensors_->state());
  index_tensors();
}

void Adapter::read_config(const fs::path& file) {
  const json object = read_json_object(file);
  Keys keys(object, file.string());
  config_.origin = file.string();
  if (const std::string type = keys.text("peft_type"); type != "LORA")
    keys.refuse("peft_type", fmt::format("is \"{}\", and only LORA is supported; merge it first", printable(type)));
  if (const std::string task = keys.text("task_type"); !task.empty() && task != "CAUSAL_LM" && task != "FEATURE_EXTRACTION")
    keys.refuse("task_type", fmt::format("is \"{}\", which is no language model's", printable(task)));
  for (const char* key : kUnsupported)
    if (const json* value = keys.find(key); value && !is_off(*value))
      keys.refuse(key, "is not supported; merge the adapter first (in Python, peft: merge_and_unload)");
  if (const std::string bias = keys.text("bias"); !bias.empty() && bias != "none")
    keys.refuse("bias", fmt::format("is \"{}\", and only \"none\" is supported; merge it first", printable(bias)));
  // What changes the base model's own weights would have to be undone.
  if (const json* start = keys.find("init_lora_weights"); start && !start->is_boolean() && *start != "gaussian" &&
                                                          *start != "eva" && *start != "orthogonal" && *start != "mica")
    keys.refuse("init_lora_weights",
                "changes the base model's weights, or is not known; convert the adapter (in Python, peft: "
                "save_pretrained with path_initial_model_for_weight_conversion)");
  config_.base = keys.text("base_model_name_or_path");
  if (const json* rank = keys.find("r")) config_.rank = keys.rank("r", *rank);
  if (const json* alpha = keys.find("lora_alpha")) config_.alpha = keys.alpha("lora_alpha", *alpha);
  if (const json* dropout = keys.find("lora_dropout")) config_.dropout = keys.alpha("lora_dropout", *dropout);
  config_.rank_stabilized = keys.flag("use_rslora");
  config_.fan_in_fan_out = keys.flag("fan_in_fan_out");
  config_.targets = keys.modules("target_modules");
  config_.excluded = keys.modules("exclude_modules");
  if (config_.targets.empty()) keys.refuse("target_modules", "names no module");
  if (config_.excluded.all) keys.refuse("exclude_modules", "excludes all modules");
  config_.blocks = keys.blocks("layers_to_transform");
  config_.block_parents = keys.texts("layers_pattern");
  std::erase(config_.block_parents, "");
  if (config_.blocks && (config_.targets.pattern || config_.targets.all))
    keys.refuse("layers_to_transform", "needs target_modules to be a list");
  config_.ranks = keys.patterns<int>("rank_pattern", [&](auto& key, auto& value) { return keys.rank(key, value); });
  config_.alphas =
      keys.patterns<double>("alpha_pattern", [&](auto& key, auto& value) { return keys.alpha(key, value); });
  left_aside_ = keys.demand_no_others();
}

void Adapter::index_tensors() {
  for (const TensorView& tensor : tensors_->tensors()) {
    std::string_view name = tensor.name;
    const bool is_a = name.ends_with(".lora_A.weight"), is_b = name.ends_with(".lora_B.weight");
    if (!name.starts_with(kBefore) || is_a == is_b)
      fail("{}: tensor \"{}\" is none of a LoRA adapter of matrices (base_model.model.….lora_A.weight or lora_B.weight)",
           tensors_origin_, printable(name, 200));
    name = name.substr(kBefore.size(), name.rfind(".lora_") - kBefore.size());
    LowRank& module = modules_[std::string(name)];
    (is_a ? module.a : module.b) = &tensor;
  }
  if (modules_.empty()) fail("{}: holds no tensor; the adapter changes nothing", tensors_origin_);
  for (auto& [name, module] : modules_) {
    if (!module.a || !module.b)
      fail("{}: no tensor \"{}\" beside its other half; fetch the adapter again", tensors_origin_,
           printable(factor_name(name, module.a ? 'B' : 'A'), 200));
    if (!config_.targets_module(name))
      fail("{}: tensor \"{}\" is of a module that {} does not name (target_modules, exclude_modules, layers_to_transform)",
           tensors_origin_, printable(module.a->name, 200), kConfigFile);
    const std::int64_t rank = config_.rank_of(name);
    const auto demand = [&](const TensorView& factor, std::size_t side) {
      if (!holds_floats(factor.dtype))
        fail("{}: tensor \"{}\" is stored as {}, not as floating-point numbers", tensors_origin_,
             printable(factor.name, 200), layout(factor.dtype).name);
      if (factor.shape.size() != 2 || factor.shape[side] != rank)
        fail("{}: tensor \"{}\" has the shape {}, but its rank is {} (r, rank_pattern)", tensors_origin_,
             printable(factor.name, 200), spelled(factor), rank);
    };
    demand(*module.a, 0);
    demand(*module.b, 1);
    module.scale = config_.scale_of(name);
  }
}

std::int64_t Adapter::parameters() const {
  std::int64_t sum = 0;
  for (const auto& [name, module] : modules_) sum += static_cast<std::int64_t>(module.a->count() + module.b->count());
  return sum;
}

std::string factor_name(std::string_view module, char factor) {
  return fmt::format("{}{}.lora_{}.weight", kBefore, module, factor);
}

void write_adapter(const fs::path& folder, const AdapterConfig& config, const std::vector<TensorView>& tensors) {
  // A whole number as one: older versions of PEFT declare it so.
  const json alpha = config.alpha == std::floor(config.alpha) ? json(static_cast<std::int64_t>(config.alpha)) : json(config.alpha);
  const json object = {{"auto_mapping", nullptr},
                       {"base_model_name_or_path", config.base.empty() ? json() : json(config.base)},
                       {"bias", "none"},
                       {"exclude_modules", nullptr},
                       {"fan_in_fan_out", config.fan_in_fan_out},
                       {"inference_mode", true},
                       {"init_lora_weights", true},
                       {"layers_pattern", nullptr},
                       {"layers_to_transform", config.blocks ? json(*config.blocks) : json()},
                       {"lora_alpha", alpha},
                       {"lora_dropout", config.dropout},
                       {"modules_to_save", nullptr},
                       {"peft_type", "LORA"},
                       {"r", config.rank},
                       {"rank_pattern", json::object()},
                       {"alpha_pattern", json::object()},
                       {"revision", nullptr},
                       {"target_modules", config.targets.names},
                       {"task_type", "CAUSAL_LM"},
                       {"use_rslora", config.rank_stabilized}};
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (problem) fail("{}: cannot be made: {}; give another folder", folder.string(), problem.message());
  write_safetensors(folder / kTensorsFile, tensors, {{"format", "pt"}});
  if (!replace_file(folder / kConfigFile, object.dump(2) + "\n"))
    fail("{}: cannot be written; is the disk full?", (folder / kConfigFile).string());
}

}  // namespace tertium
