#include "tertium/model/f8_scaling.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tertium/base/text.h"
#include "tertium/model/config_reader.h"

namespace tertium {
namespace {

/// Two positive numbers, or nothing if the key is absent.
std::vector<ScaleBlock> block_of(const ConfigReader& json, std::string_view key) {
  const std::vector<int> sizes = json.indices(key);
  if (sizes.empty()) return {};
  if (sizes.size() != 2 || sizes[0] == 0 || sizes[1] == 0) json.refuse(key, "must be two positive numbers");
  return {{sizes[0], sizes[1]}};
}

/// What the transformers library writes, and before it others, who knew no blocks.
F8Scaling of_fp8(const ConfigReader& json) {
  constexpr std::string_view kKey = "weight_block_size";
  if (json.is_null(kKey)) return {};
  if (!json.has(kKey)) return {.blocks = {{128, 128}}};  // what transformers assumes
  return {.whole = false, .rows = false, .blocks = block_of(json, kKey)};
}

/// A group of modules may be scaled in another way than the next.
F8Scaling of_groups(const ConfigReader& groups, const nlohmann::json& names) {
  F8Scaling scaling{.whole = false, .rows = false};
  for (const auto& [name, table] : names.items()) {
    const ConfigReader group = groups.table(name);
    if (!group.has("weights")) continue;
    const ConfigReader weights = group.table("weights");
    const std::string strategy = weights.text_or("strategy", "tensor");
    if (strategy == "tensor") {
      scaling.whole = true;
    } else if (strategy == "channel") {
      scaling.rows = true;
    } else if (strategy == "block" && weights.has("block_structure")) {
      scaling.blocks.push_back(block_of(weights, "block_structure").at(0));
    } else if (strategy == "group" && weights.has("group_size")) {
      scaling.blocks.push_back({1, weights.count("group_size")});
    } else {
      weights.refuse("strategy", "\"" + printable(strategy) +
                                     "\" is not supported; tertium knows tensor, channel, group with its group_size, "
                                     "and block with its block_structure");
    }
  }
  return scaling;
}

F8Scaling of_modelopt(const ConfigReader& json) {
  const std::string algorithm = json.text_or("quant_algo", "");
  if (algorithm.empty()) return {};
  if (algorithm == "FP8") return {.rows = false};
  if (algorithm == "FP8_PER_CHANNEL_PER_TOKEN") return {.whole = false};
  if (algorithm == "FP8_PB_WO") return {.whole = false, .rows = false, .blocks = {{128, 128}}};
  json.refuse("quant_algo", "\"" + printable(algorithm) +
                                "\" is not supported; tertium knows FP8, FP8_PER_CHANNEL_PER_TOKEN and FP8_PB_WO");
}

}  // namespace

F8Scaling read_f8_scaling(const nlohmann::json& config, const std::string& origin) {
  constexpr const char* kKey = "quantization_config";
  const ConfigReader whole(config, origin);
  if (!whole.has(kKey)) return {};
  const ConfigReader quantization = whole.table(kKey);
  const std::string method = quantization.text_or("quant_method", "?");
  if (method == "fp8") return of_fp8(quantization);
  if (method == "modelopt") return of_modelopt(quantization);
  // Rotations of activations that the weights were made for.
  if (const nlohmann::json& transforms = config[kKey].value("transform_config", nlohmann::json()); !transforms.empty())
    quantization.refuse("transform_config", "is not supported; use the unquantized model");
  if (!quantization.has("config_groups")) return {};
  return of_groups(quantization.table("config_groups"), config[kKey]["config_groups"]);
}

std::vector<ScaleBlock> scale_blocks(const F8Scaling& scaling, std::int64_t out, std::int64_t in,
                                     const std::vector<std::int64_t>& scale) {
  std::vector<ScaleBlock> found;
  const auto add = [&](ScaleBlock block) {
    block = {std::min(block.first, out), std::min(block.second, in)};
    if (std::ranges::find(found, block) == found.end()) found.push_back(block);
  };
  const auto pieces = [](std::int64_t size, std::int64_t block) { return (size - 1) / block + 1; };
  using Shape = std::vector<std::int64_t>;
  const bool is_one = std::ranges::all_of(scale, [](std::int64_t size) { return size == 1; });
  if (is_one && scaling.whole) add({out, in});
  if (scaling.rows && (scale == Shape{out} || scale == Shape{out, 1})) add({1, in});
  for (const auto& [rows, columns] : scaling.blocks) {
    const Shape wanted = {pieces(out, rows), pieces(in, columns)};
    if (scale == wanted || (is_one && wanted == Shape{1, 1})) add({rows, columns});
  }
  return found;
}

std::string_view scaled_apart(std::string_view tensor) {
  const auto ends_in = [&](std::initializer_list<std::string_view> suffixes) {
    return std::ranges::any_of(suffixes, [&](std::string_view suffix) { return tensor.ends_with(suffix); });
  };
  if (ends_in({".k_scale", ".v_scale", ".q_scale", ".kv_scale", ".prob_scale", ".k_zero_point", ".v_zero_point",
               ".q_zero_point"}))
    return "scales of a quantized KV cache; keys and values are not quantized here";
  if (ends_in({".input_scale", ".output_scale", ".input_zero_point", ".output_zero_point"}))
    return "scales of quantized activations; activations are not quantized here";
  return {};
}

}  // namespace tertium
