// SmolLM3: Llama with blocks that have no positions, every fourth unless the config says which; those may slide.
#include <algorithm>

#include "tertium/model/family.h"

namespace tertium {
namespace {

constexpr int kInterval = 4;
constexpr double kTheta = 2e6;

/// Which blocks rotate: as `no_rope_layers` says (1: it rotates, whatever the key's name), or all but every n-th.
std::vector<bool> rotating(const ConfigReader& json, const Config& config) {
  constexpr std::string_view kKey = "no_rope_layers";
  const int interval = json.count_or("no_rope_layer_interval", kInterval);
  std::vector<bool> rotating;
  if (!json.has(kKey)) {
    for (int b = 0; b < config.block_count(); ++b) rotating.push_back((b + 1) % interval != 0);
    return rotating;
  }
  json.pass_over("no_rope_layer_interval", "no_rope_layers says which blocks rotate");
  for (const int flag : json.indices(kKey)) rotating.push_back(flag != 0);
  if (rotating.size() < config.layers.size()) json.refuse(kKey, "must say it for each hidden layer");
  return rotating;
}

Config from_hf(const ConfigReader& json) {
  Config config = common_config(json, {.vocabulary = 128256,
                                       .hidden = 2048,
                                       .mlp = 11008,
                                       .blocks = 36,
                                       .heads = 16,
                                       .kv_heads = 4,
                                       .context = 32768,
                                       .tied = true});
  config.biases.qkv = config.biases.attn_output = json.flag_or("attention_bias", false);
  config.biases.mlp = json.flag_or("mlp_bias", false);
  config.ropes = {json.rope(config, {.theta = kTheta})};
  const std::vector<bool> rotates = rotating(json, config);
  const int window = read_switched_window(json, 0);
  const std::vector<bool> slides = json.sliding(config, [&](int b) { return window > 0 && !rotates[b]; });
  for (int b = 0; b < config.block_count(); ++b) {
    config.layers[b].window = slides[b] ? window : 0;
    config.layers[b].rope = rotates[b] ? 0 : Layer::kNoRope;
  }
  if (std::find(slides.begin(), slides.end(), true) == slides.end() || window == 0)
    json.pass_over("use_sliding_window", "no block slides");
  return config;
}

Config from_gguf(const GgufConfig& gguf) {
  Config config = common_config(gguf);
  config.ropes = {gguf.rope(config, 10000)};
  config.ropes[0].interleaved = true;  // the conversion reorders the rows of q and k so
  // The file cannot say which blocks rotate; llama.cpp takes every fourth not to.
  for (int b = 0; b < config.block_count(); ++b)
    if ((b + 1) % kInterval == 0) config.layers[b].rope = Layer::kNoRope;
  return config;
}

}  // namespace

extern const Family smollm3_family = {
    .name = "smollm3",
    .model_types = {"smollm3"},
    .architectures = {"smollm3"},
    .from_hf = from_hf,
    .from_gguf = from_gguf,
    .names = {},
    .gguf_reorders_qk = true,
};

}  // namespace tertium
