// Qwen 2 and 2.5: Llama with biases on q, k and v; the later blocks may slide.
#include "tertium/model/family.h"

namespace tertium {
namespace {

Config from_hf(const ConfigReader& json) {
  Config config =
      common_config(json, {.vocabulary = 151936, .hidden = 4096, .mlp = 22016, .kv_heads = 32, .context = 32768});
  config.biases.qkv = true;
  config.ropes = {json.rope(config)};
  read_late_windows(json, config);
  return config;
}

Config from_gguf(const GgufConfig& gguf) {
  Config config = common_config(gguf);
  config.ropes = {gguf.rope(config, 10000)};
  return config;
}

}  // namespace

extern const Family qwen2_family = {
    .name = "qwen2",
    .model_types = {"qwen2"},
    .architectures = {"qwen2"},
    .from_hf = from_hf,
    .from_gguf = from_gguf,
    .names = {},
};

}  // namespace tertium
