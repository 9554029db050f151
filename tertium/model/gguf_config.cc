#include "tertium/model/gguf_config.h"

#include <cmath>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/model/sizes.h"

namespace tertium {

int GgufConfig::count(std::string_view key) const {
  const auto value = get<std::int64_t>(key);
  if (value < 1 || value > kLargestCount)
    refuse(key, fmt::format("must be a positive integer of at most {}", kLargestCount));
  return static_cast<int>(value);
}

double GgufConfig::number(std::string_view key) const {
  const auto value = get<double>(key);
  if (!std::isfinite(value)) refuse(key, "must be a finite number");
  return value;
}

int GgufConfig::window_or(std::string_view key, int fallback) const {
  if (!has(key)) return fallback;
  return get<std::int64_t>(key) == 0 ? 0 : count(key);
}

void GgufConfig::demand(std::string_view key, double one, double other) const {
  if (!has(key)) return;
  if (const double value = number(key); value != one && value != other)
    refuse(key, fmt::format("is {}; only {} is supported for this family", value, one));
}

std::vector<bool> GgufConfig::sliding(const Config& config, int period) const {
  constexpr std::string_view kKey = "attention.sliding_window_pattern";
  std::vector<bool> sliding;
  const auto stored = file_.metadata().find(full(kKey));
  if (stored != file_.metadata().end() && std::holds_alternative<std::vector<bool>>(stored->second)) {
    sliding = get<std::vector<bool>>(kKey);
    if (sliding.size() != config.layers.size()) refuse(kKey, "must say it for each block");
    return sliding;
  }
  period = count_or(kKey, period);
  for (int b = 0; b < config.block_count(); ++b) sliding.push_back((b + 1) % period != 0);
  return sliding;
}

std::vector<LeftAside> GgufConfig::left_aside() const {
  std::vector<LeftAside> aside;
  const std::string own = architecture_ + ".";
  for (const auto& [key, value] : file_.metadata()) {
    if (!key.starts_with(own) || read_->contains(key)) continue;
    const std::string why = harmless_in_gguf(std::string_view(key).substr(own.size()), value);
    if (why.empty())
      fail(
          "{}: \"{}\" is a setting that tertium does not know and that may change what the model computes; use another "
          "conversion of the model",
          file_.path().string(), printable(key));
    aside.push_back({key, why});
  }
  return aside;
}

void GgufConfig::refuse(std::string_view key, std::string_view why) const {
  fail("{}: \"{}\": {}", file_.path().string(), full(key), why);
}

Config common_config(const GgufConfig& gguf, Norm norm) {
  Config config;
  config.hidden = gguf.count("embedding_length");
  config.heads = gguf.count("attention.head_count");
  config.kv_heads = gguf.count_or("attention.head_count_kv", config.heads);
  config.head_dim = gguf.count_or("attention.key_length", config.hidden / config.heads);
  config.mlp = gguf.count("feed_forward_length");
  const TensorView* embedding = gguf.file().find("token_embd.weight");
  if (!embedding || embedding->shape.size() != 2)
    fail("{}: no tensor \"token_embd.weight\"", gguf.file().path().string());
  if (embedding->shape[0] > kLargestCount)
    fail("{}: tensor \"token_embd.weight\" has {} rows, more than the {} words that tertium reads",
         gguf.file().path().string(), embedding->shape[0], kLargestCount);
  config.vocabulary = static_cast<int>(embedding->shape[0]);
  config.context = gguf.count("context_length");
  const int blocks = gguf.count("block_count");
  if (blocks > kMostBlocks) gguf.refuse("block_count", fmt::format("must be at most {}", kMostBlocks));
  config.layers.resize(blocks);
  // Each family has one of the two, whatever else a file holds.
  config.norm = norm;
  config.norm_eps =
      gguf.number(norm == Norm::rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon");
  config.attention_scale = 1 / std::sqrt(config.head_dim);
  config.tied = gguf.file().find("output.weight") == nullptr;
  config.biases = {.norm = gguf.has_tensor("output_norm.bias"),
                   .qkv = gguf.has_tensor("blk.0.attn_q.bias") || gguf.has_tensor("blk.0.attn_qkv.bias"),
                   .attn_output = gguf.has_tensor("blk.0.attn_output.bias"),
                   .mlp = gguf.has_tensor("blk.0.ffn_down.bias")};
  config.stored_dtype = "GGUF " + std::string(layout(embedding->dtype).name);
  if (config.head_dim <= 0 || config.head_dim % 2 != 0)
    gguf.refuse("attention.key_length", "a head's width must be even");
  for (const std::string_view key :
       {"attention.value_length", "attention.key_length_swa", "attention.value_length_swa"})
    gguf.demand(key, config.head_dim);
  return config;
}

void read_experts(const GgufConfig& gguf, Config& config) {
  if (gguf.window_or("expert_count", 0) == 0) return;
  config.experts = {.count = gguf.count("expert_count"),
                    .per_row = gguf.count("expert_used_count"),
                    .width = gguf.count_or("expert_feed_forward_length", config.mlp)};
  constexpr double kSoftmax = 1;
  gguf.demand("expert_gating_func", kSoftmax, 0);
  gguf.demand("expert_weights_scale", 1, 0);
  for (Layer& layer : config.layers) layer.experts = true;
}

}  // namespace tertium
