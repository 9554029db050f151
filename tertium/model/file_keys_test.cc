#include "tertium/model/file_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>

#include "tertium/base/json.h"
#include "tertium/model/family.h"
#include "tertium/model/sizes.h"
#include "tests/support/files.h"
#include "tests/support/gguf_builder.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kOrigin = "config.json";

/// Every config.json under tests/fixtures, in both spellings.
std::vector<fs::path> fixture_configs() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(test::source_folder() / "tests/fixtures"))
    if (const std::string name = entry.path().filename().string(); name == "config.json" || name == "config.v4.json")
      files.push_back(entry.path());
  return files;
}

struct Read {
  Config config;
  std::vector<LeftAside> aside;
};

Read read(const json& config) {
  const ConfigReader reader(config, kOrigin);
  const Family& family = family_of_model_type(reader.text_or("model_type", ""), kOrigin);
  Read result{family.from_hf(reader), {}};
  result.aside = reader.left_aside();
  demand_sizes(result.config, kOrigin);
  return result;
}

/// All that a Config holds, as text, to compare two.
std::string shown(const Config& c) {
  std::string text = fmt::format(
      "{} {} {} {} {} {} {} {} | {} {} {} {} | {} {} {} {} | {} {} {} {} {} {} {} {} {} | ", c.hidden, c.heads,
      c.kv_heads, c.head_dim, c.mlp, c.vocabulary, c.context, c.stored_dtype, c.experts.count, c.experts.per_row,
      c.experts.width, c.experts.renormalized, c.biases.norm, c.biases.qkv, c.biases.attn_output, c.biases.mlp,
      static_cast<int>(c.activation), static_cast<int>(c.norm), c.norm_eps, c.norm_adds_one,
      static_cast<int>(c.qk_norm), c.parallel, static_cast<int>(c.positions), c.alibi, c.tied);
  text += fmt::format("{} {} {} {} {} {}", c.embedding_scale, c.attention_scale, c.attention_softcap, c.residual_scale,
                      c.logit_scale, c.logit_softcap);
  for (const Layer& layer : c.layers) text += fmt::format(" [{} {} {}]", layer.window, layer.rope, layer.experts);
  for (const Rope& r : c.ropes)
    text += fmt::format(" ({} {} {} {} {} {} {} {} {} {} {} {} {} {})", r.theta, r.rotated, r.interleaved,
                        static_cast<int>(r.scaling), r.factor, r.original_context, r.low_freq_factor,
                        r.high_freq_factor, r.beta_fast, r.beta_slow, r.truncate, r.attention_factor,
                        fmt::join(r.short_factors, ","), fmt::join(r.long_factors, ","));
  return text;
}

bool lists(const std::vector<LeftAside>& aside, const std::string& key) {
  return std::any_of(aside.begin(), aside.end(), [&](const LeftAside& entry) { return entry.key == key; });
}

/// Another value of the same type that a reader may take.
json other_value(const json& value) {
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_number_integer()) return value.get<std::int64_t>() + 2;
  if (value.is_number()) return value.get<double>() * 1.5 + 0.125;
  if (value.is_string()) return value == "gelu" ? "relu" : "silu";
  if (value.is_array() && !value.empty() && value[0].is_number())
    return json(std::vector<double>(value.size(), value[0] == 1 ? 0 : value[0].get<double>() + 1));
  if (value.is_array() && !value.empty()) return json::array();
  return value;
}

/// Changes every value of a config in turn, tables included.
void for_each_change(const json& config,
                     const std::function<void(const std::string& key, const json& changed)>& visit) {
  const std::function<void(json&, json&, const std::string&)> walk = [&](json& whole, json& table,
                                                                         const std::string& prefix) {
    for (auto& [key, value] : table.items()) {
      if (key == "vision_config" || key == "quantization_config" || key == "model_type") continue;
      if (value.is_object()) {
        walk(whole, value, prefix + key + ".");
        continue;
      }
      const json kept = value;
      value = other_value(kept);
      if (value != kept) visit(prefix + key, whole);
      value = kept;
    }
  };
  json copy = config;
  walk(copy, copy, "");
}

TEST(FileKeys, OfEveryFixtureAreReadOrKnownToBeHarmless) {
  ASSERT_GE(fixture_configs().size(), 80u);
  for (const fs::path& file : fixture_configs()) EXPECT_NO_THROW(read(read_json_object(file))) << file;
}

// The rule itself, put to every family: what a file says is used, or it is said that it is not, or it is refused.
TEST(FileKeys, ThatAreChangedChangeTheConfigOrAreListedOrRefused) {
  for (const fs::path& file : fixture_configs()) {
    const json config = read_json_object(file);
    const std::string before = shown(read(config).config);
    for_each_change(config, [&](const std::string& key, const json& changed) {
      try {
        const Read after = read(changed);
        EXPECT_TRUE(shown(after.config) != before || lists(after.aside, key))
            << file << ": \"" << key << "\" is read, but changes nothing and is not listed as left aside";
      } catch (const Error&) {
      }
    });
  }
}

TEST(FileKeys, ThatNobodyKnowsAndThatSpeakOfNumbersAreRefusedByName) {
  for (const fs::path& file : fixture_configs()) {
    json config = read_json_object(file);
    config["attention_wobble"] = 0.5;
    EXPECT_THAT(test::error_of([&] { read(config); }),
                HasSubstr("\"attention_wobble\" is a setting that tertium does not know"))
        << file;
    config["attention_wobble"] = nullptr;
    EXPECT_TRUE(lists(read(config).aside, "attention_wobble")) << file;
  }
}

TEST(FileKeys, RemarksOfPublishedConfigsAreLeftAside) {
  for (const char* entry : {R"({"_name_or_path": "x/y"})",
                            R"({"use_cache": true})",
                            R"({"pretraining_tp": 2})",
                            R"({"unsloth_version": "2025.1"})",
                            R"({"_flash_attn_2_enabled": true})",
                            R"({"attn_implementation": "sdpa"})",
                            R"({"attention_dropout": 0.1})",
                            R"({"is_llama_config": true})",
                            R"({"use_embedding_sharing": true, "use_parallel_embedding": true})",
                            R"({"activation": "swiglu"})",
                            R"({"rope_interleaved": false})",
                            R"({"transformers.js_config": {"dtype": "q4"}})",
                            R"({"auto_map": {"AutoConfig": "configuration_x.XConfig"}})",
                            R"({"id2label": {"0": "A"}})",
                            R"({"top_k": 50})",
                            R"({"shared_expert_intermediate_size": 0})",
                            R"({"output_past": true})",
                            R"({"sep_token_id": 5})",
                            R"({"dual_chunk_attention_config": {"chunk_size": 262144}})",
                            R"({"sliding_window": 4096})",
                            R"({"_pre_quantization_dtype": "float16", "_from_model_config": true})",
                            R"({"custom_pipeline": {"text-generation": {"impl": "pipeline.P"}}})",
                            R"({"num_steps": "global_step301000", "max_steps": 1000})",
                            R"({"use_deepspeed_checkpointing": true})",
                            R"({"training_args": {"lr": 0.1}, "train_seq_len": 128})",
                            R"({"use_fused_rope": true, "fuse_norm": true})",
                            R"({"tensor_parallel_degree": 2, "sequence_parallel": true})",
                            R"({"ignore_keys_at_rope_validation": ["partial_rotary_factor"]})",
                            R"({"keys_to_ignore_at_inference": ["past_key_values"]})",
                            R"({"languages": ["de", "sw"], "tags": ["x"], "datasets": ["y"]})",
                            R"({"converted_from": "x", "pad_to_multiple_of": 64})",
                            R"({"rotary_pct": 1.0, "rope_scaling_factor": 1.0})",
                            R"({"embedding_multiplier": 1.0, "logit_scale": 1})",
                            R"({"attention_bias": false})"}) {
    json config = read_json_object(test::source_folder() / "tests/fixtures/golden/llama/config.json");
    config.update(json::parse(entry));
    EXPECT_EQ(test::error_of([&] { read(config); }), "") << entry;
  }
}

/// One setting said twice, or by another family's name, and which of the two transformers 5.24 takes: found by running
/// it. `same` holds keys of a file that says the winner only.
struct Twice {
  const char* fixture;
  const char* added;
  const char* same;
  const char* aside;  // the key that lost, or none
};

TEST(FileKeys, OfTwoSpellingsTransformersChoiceStands) {
  const Twice cases[] = {
      {"llama", R"({"rope_scaling": {"rope_type": "linear", "factor": 2.0}, "rope_parameters": {"rope_theta": 500.0}})",
       R"({"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 10000.0}})", "rope_parameters"},
      {"llama", R"({"rope_scaling": {}, "rope_parameters": {"rope_theta": 500.0}})",
       R"({"rope_parameters": {"rope_theta": 500.0}})", nullptr},
      {"llama", R"({"rope_theta": 300.0})", R"({})", "rope_theta"},
      {"llama", R"({"rope_parameters": {"rope_type": "default"}, "rope_theta": 300.0})",
       R"({"rope_parameters": {"rope_theta": 300.0}})", nullptr},
      {"llama", R"({"rope_parameters": {"rope_type": "default", "type": "linear", "factor": 2.0}})",
       R"({"rope_parameters": {"rope_type": "default"}})", "rope_parameters.type"},
      {"llama", R"({"partial_rotary_factor": 0.5})", R"({})", "partial_rotary_factor"},
      {"llama3", R"({"original_max_position_embeddings": 4})",
       R"({"rope_parameters": {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
           "high_freq_factor": 4.0, "original_max_position_embeddings": 4}})",
       "rope_parameters.original_max_position_embeddings"},
      {"llama", R"({"n_layer": 2})", R"({})", "n_layer"},
      {"llama", R"({"torch_dtype": "float16"})", R"({})", nullptr},
      {"gpt2", R"({"num_attention_heads": 2})", R"({"n_head": 2})", "n_head"},
      {"gpt2", R"({"intermediate_size": 64})", R"({})", "intermediate_size"},
      {"gpt2", R"({"hidden_act": "relu"})", R"({})", "hidden_act"},
      {"bloom", R"({"n_embed": 32, "hidden_size": 16})", R"({})", "hidden_size"},
      {"xglm", R"({"num_attention_heads": 2})", R"({"attention_heads": 2})", "attention_heads"},
      {"mixtral", R"({"num_experts": 4, "num_local_experts": 3})", R"({})", "num_local_experts"},
      {"qwen3_moe", R"({"num_local_experts": 6, "num_experts": 5})", R"({})", "num_experts"},
      {"qwen2", R"({"use_sliding_window": false, "sliding_window": 4})", R"({})", "sliding_window"},
      {"gemma", R"({"hidden_activation": "relu"})", R"({})", "hidden_activation"},
      {"gemma2", R"({"hidden_act": "relu"})", R"({})", "hidden_act"},
      {"gemma2", R"({"sliding_window_size": 3})", R"({})", "sliding_window_size"},
      {"gemma3", R"({"rope_local_base_freq": 55.0})", R"({})", "rope_local_base_freq"},
      {"gemma3", R"({"sliding_window_pattern": 2})", R"({})", "sliding_window_pattern"},
      {"apertus", R"({"rope_theta": 500.0, "rope_parameters": null})", R"({"rope_parameters": null})", "rope_theta"},
      {"olmo3", R"({"rope_theta": 300.0})", R"({})", "rope_theta"},
      {"smollm3", R"({"no_rope_layer_interval": 1})", R"({})", "no_rope_layer_interval"},
  };
  for (const Twice& one : cases) {
    json twice = read_json_object(test::source_folder() / "tests/fixtures/golden" / one.fixture / "config.json");
    json once = twice;
    twice.update(json::parse(one.added));
    once.update(json::parse(one.same));
    const Read result = read(twice);
    EXPECT_EQ(shown(result.config), shown(read(once).config)) << one.fixture << " " << one.added;
    if (one.aside) {
      EXPECT_TRUE(lists(result.aside, one.aside)) << one.fixture << " " << one.aside;
    }
  }
}

TEST(FileKeys, BloomsContextMayHaveAnyName) {
  EXPECT_EQ(read({{"model_type", "bloom"}}).config.context, 2048);
  for (const char* key : {"seq_length", "max_position_embeddings", "n_positions", "n_ctx"})
    EXPECT_EQ(read({{"model_type", "bloom"}, {key, 512}}).config.context, 512) << key;
  EXPECT_EQ(read({{"model_type", "bloom"}, {"n_positions", 512}, {"seq_length", 1024}}).config.context, 1024);
}

TEST(FileKeys, WhatTransformersCannotOrDoesNotMeanIsRefused) {
  const std::array<const char*, 3> cases[] = {
      {"llama", R"({"is_causal": false})", "\"is_causal\""},
      {"llama", R"({"attn_logit_softcapping": 30.0})", "\"attn_logit_softcapping\""},
      {"llama", R"({"per_layer_config": {"0": {"hidden_act": "gelu"}}})", "\"per_layer_config\""},
      {"llama", R"({"use_rope": false})", "\"use_rope\""},
      {"llama", R"({"embedding_multiplier": 12.0})", "\"embedding_multiplier\""},
      {"llama", R"({"logit_scale": true})", "\"logit_scale\""},
      {"llama", R"({"rotary_pct": 0.25})", "\"rotary_pct\""},
      {"llama", R"({"rope_condense_ratio": 8})", "\"rope_condense_ratio\""},
      {"llama", R"({"quantization": {"group_size": 64, "bits": 4}})", "\"quantization\""},
      {"llama", R"({"parallel_attn": true})", "\"parallel_attn\""},
      {"llama", R"({"rope_parameters": {"rope_type": "linear", "factor": 2.0, "partial_rotary_factor": 0.5}})",
       "rotates heads whole"},
      {"llama", R"({"rope_parameters": {"rope_type": "yarn", "factor": 2.0, "attn_wobble": 2}})",
       "rope_parameters: \"attn_wobble\""},
      {"llama", R"({"rope_parameters": {"full_attention": {"rope_theta": 500.0}}})", "one rope for all blocks"},
      {"gemma3", R"({"rope_parameters": {"rope_theta": 500.0}})", "must hold full_attention"},
      {"gemma3", R"({"rope_parameters": null, "rope_scaling": {"type": "linear", "factor": 4.0}})",
       "spell it rope_type"},
      {"phi3", R"({"rope_parameters": {"rope_type": "linear", "factor": 2.0}})", "default and longrope"},
      {"mistral", R"({"layer_types": ["full_attention", "full_attention", "full_attention"]})", "\"layer_types\""},
      {"qwen3_moe", R"({"num_experts_per_tok": 7})", "each row shall pass 7 experts, but there are 6"},
      {"smollm3", R"({"no_rope_layers": [1]})", "\"no_rope_layers\""},
      {"llama", R"({"num_attention_heads": 305, "num_key_value_heads": 305, "head_dim": 14081860})",
       "the heads are 305 x 14081860 numbers"},
      {"mixtral", R"({"num_local_experts": 16777216, "num_experts_per_tok": 1})", "the experts are"},
      {"llama", R"({"num_hidden_layers": 16777216})", "\"num_hidden_layers\": must be at most"},
  };
  for (const auto& [fixture, added, expected] : cases) {
    json config = read_json_object(test::source_folder() / "tests/fixtures/golden" / fixture / "config.json");
    config.update(json::parse(added));
    EXPECT_THAT(test::error_of([&] { read(config); }), HasSubstr(expected)) << fixture << " " << added;
  }
}

}  // namespace
}  // namespace tertium
