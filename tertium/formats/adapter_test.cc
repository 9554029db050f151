#include "tertium/formats/adapter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/support/files.h"
#include "tests/support/random_adapter.h"

namespace tertium {
namespace {

using nlohmann::json;
using test::error_of;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Key;
using testing::Pair;

constexpr const char* kQ = "model.layers.0.self_attn.q_proj";
constexpr const char* kUp = "model.layers.1.mlp.up_proj";

class AdapterFile : public test::FolderTest {
 protected:
  test::RandomAdapter random{.modules = {{kQ, 6, 5}, {kUp, 7, 5}}};

  Adapter written() const {
    random.write(folder / "adapter");
    return Adapter(folder / "adapter");
  }
  /// The message with some keys of the config changed.
  std::string refusal(const json& keys) {
    test::RandomAdapter changed = random;
    changed.config.update(keys);
    changed.write(folder / "adapter");
    return error_of([&] { Adapter(folder / "adapter"); });
  }
};

TEST_F(AdapterFile, GivesTheFactorsOfEveryModuleAndTheirScale) {
  const Adapter adapter = written();
  EXPECT_EQ(adapter.modules().size(), 2u);
  const LowRank& q = adapter.modules().find(kQ)->second;
  EXPECT_EQ(q.scale, 2);
  EXPECT_EQ(q.a->shape, (std::vector<std::int64_t>{4, 5}));
  EXPECT_EQ(q.b->shape, (std::vector<std::int64_t>{6, 4}));
  EXPECT_EQ(adapter.parameters(), 4 * 5 + 6 * 4 + 4 * 5 + 7 * 4);
  EXPECT_EQ(adapter.files().size(), 2u);
}

TEST_F(AdapterFile, RankAndAlphaMayDependOnTheModule) {
  random.modules[1].rank = 2;
  random.config = {{"rank_pattern", {{"layers.1.mlp.up_proj", 2}}}, {"alpha_pattern", {{"up_proj", 3}, {"^q_proj", 5}}}};
  EXPECT_EQ(written().modules().find(kUp)->second.scale, 1.5);
  EXPECT_EQ(written().modules().find(kQ)->second.scale, 2) << "an expression must fit whole parts of the name";
  random.config["use_rslora"] = true;
  EXPECT_EQ(written().modules().find(kUp)->second.scale, 3 / std::sqrt(2));
  EXPECT_THAT(refusal({{"rank_pattern", {{"proj", 2}}}}), HasSubstr("up_proj.lora_A.weight\" has the shape [2, 5], but its rank is 4"));
  EXPECT_THAT(refusal({{"alpha_pattern", {{"up_proj", 3}, {"mlp.up_proj", 4}}}}), HasSubstr("two of its expressions fit"));
  EXPECT_THAT(refusal({{"rank_pattern", {{"up_proj", 0}}}}), HasSubstr("\"rank_pattern\": a rank must be a whole number from 1"));
}

/// As peft.tuners.tuners_utils.check_target_module_exists tells it.
TEST_F(AdapterFile, ModulesAreChosenByTheirLastPartsOrByAnExpression) {
  const auto names = [](const json& keys, std::string_view module, const test::TempFolder& at) {
    test::RandomAdapter adapter{.modules = {{"m", 2, 2}}};
    adapter.config = {{"target_modules", {"m"}}};
    adapter.config.update(keys);
    if (keys.contains("target_modules") && keys["target_modules"].is_array())
      adapter.config["target_modules"].push_back("m");
    if (keys.contains("target_modules") && keys["target_modules"].is_string())
      adapter.config["target_modules"] = "(" + keys["target_modules"].get<std::string>() + ")|m";
    if (keys.contains("layers_to_transform")) adapter.modules = {{"x.layers.3.m", 2, 2}};
    adapter.write(at.path() / "a");
    return Adapter(at.path() / "a").config().targets_module(module);
  };
  const std::string q = "model.layers.3.self_attn.q_proj", expert = "model.layers.3.mlp.experts.7.q_proj";
  const auto is = [&](const json& keys, const std::string& module) { return names(keys, module, temporary); };
  EXPECT_TRUE(is({{"target_modules", {"q_proj"}}}, q));
  EXPECT_TRUE(is({{"target_modules", {"self_attn.q_proj"}}}, q));
  EXPECT_TRUE(is({{"target_modules", {q}}}, q));
  EXPECT_FALSE(is({{"target_modules", {"proj"}}}, q));
  EXPECT_FALSE(is({{"target_modules", {"q_proj.x"}}}, q));
  EXPECT_TRUE(is({{"target_modules", ".*\\.q_proj"}}, q));
  EXPECT_FALSE(is({{"target_modules", "q_proj"}}, q)) << "an expression must fit the whole name";
  EXPECT_TRUE(is({{"target_modules", ".*layers\\.(3|4)\\..*(q|v)_proj"}}, q));
  EXPECT_FALSE(is({{"target_modules", {"q_proj"}}, {"exclude_modules", {"q_proj"}}}, q));
  EXPECT_FALSE(is({{"target_modules", {"q_proj"}}, {"exclude_modules", ".*self_attn.*"}}, q));
  EXPECT_TRUE(is({{"target_modules", {"q_proj"}}, {"layers_to_transform", {1, 3}}}, q));
  EXPECT_FALSE(is({{"target_modules", {"q_proj"}}, {"layers_to_transform", {1, 3, 7}}}, "model.layers.4.q_proj"));
  EXPECT_TRUE(is({{"target_modules", {"q_proj"}}, {"layers_to_transform", 3}}, expert)) << "the first number counts";
  EXPECT_TRUE(is({{"target_modules", {"q_proj"}}, {"layers_to_transform", 3}, {"layers_pattern", "layers"}}, q));
  EXPECT_FALSE(is({{"target_modules", {"q_proj"}}, {"layers_to_transform", {3}}, {"layers_pattern", {"layers"}}},
                  "model.h.3.q_proj"));
}

TEST_F(AdapterFile, WhatWouldGiveOtherNumbersIsRefusedByName) {
  for (const json& keys : std::vector<json>{{{"use_dora", true}},
                                            {{"use_qalora", true}},
                                            {{"bias", "all"}},
                                            {{"bias", "lora_only"}},
                                            {{"lora_bias", true}},
                                            {{"modules_to_save", {"lm_head"}}},
                                            {{"trainable_token_indices", {3}}},
                                            {{"megatron_config", {{"a", 1}}}},
                                            {{"alora_invocation_tokens", {1, 2}}},
                                            {{"layer_replication", {{0, 1}}}},
                                            {{"target_parameters", {"experts.gate"}}},
                                            {{"kasa_config", {{"a", 1}}}},
                                            {{"use_bdlora", {{"nblocks", 2}}}},
                                            {{"arrow_config", {{"top_k", 2}}}},
                                            {{"monteclora_config", {{"a", 1}}}},
                                            {{"velora_config", {{"a", 1}}}},
                                            {{"init_lora_weights", "pissa_niter_4"}},
                                            {{"init_lora_weights", "olora"}},
                                            {{"init_lora_weights", "corda"}},
                                            {{"init_lora_weights", "lora_ga"}},
                                            {{"init_lora_weights", "loftq"}},
                                            {{"peft_type", "IA3"}},
                                            {{"task_type", "SEQ_CLS"}},
                                            {{"layers_to_transform", "1"}},
                                            {{"target_modules", json::array()}},
                                            {{"target_modules", "(("}},
                                            {{"r", 0}},
                                            {{"r", 4.5}},
                                            {{"lora_alpha", "8"}},
                                            {{"new_method", {{"a", 1}}}}}) {
    const std::string key = keys.begin().key();
    EXPECT_THAT(refusal(keys), HasSubstr(key)) << keys;
  }
  EXPECT_THAT(refusal({{"new_method", 1}}), HasSubstr("\"new_method\": is a setting that tertium does not know"));
}

TEST_F(AdapterFile, WhatChangesNothingIsLeftAsideAndSaidSo) {
  random.config = {{"lora_dropout", 0.1},     {"inference_mode", true}, {"eva_config", {{"rho", 2}}},
                   {"init_lora_weights", "gaussian"}, {"use_dora", false},    {"new_method", nullptr},
                   {"megatron_core", "megatron.core"}, {"base_model_name_or_path", "some/base"}};
  const Adapter adapter = written();
  EXPECT_EQ(adapter.config().base, "some/base");
  EXPECT_THAT(adapter.keys_left_aside(), AllOf(Contains(Key("inference_mode")), Contains(Pair("new_method", "switched off"))));
}

TEST_F(AdapterFile, ATensorThatIsWrongIsNamed) {
  const auto refused = [&](const std::vector<TensorView>& tensors) {
    random.write(folder / "adapter");
    write_safetensors(folder / "adapter/adapter_model.safetensors", tensors);
    return error_of([&] { Adapter(folder / "adapter"); });
  };
  const std::vector<float> numbers(100, 1);
  const auto bytes = std::as_bytes(std::span(numbers));
  const auto tensor = [&](const std::string& name, std::vector<std::int64_t> shape) {
    std::int64_t count = 1;
    for (const std::int64_t size : shape) count *= size;
    return TensorView{name, DType::F32, shape, bytes.first(4 * count)};
  };
  const TensorView a = tensor(factor_name(kQ, 'A'), {4, 5}), b = tensor(factor_name(kQ, 'B'), {6, 4});
  EXPECT_EQ(refused({a, b}), "");
  EXPECT_THAT(refused({}), HasSubstr("holds no tensor"));
  EXPECT_THAT(refused({a}), HasSubstr("no tensor \"" + factor_name(kQ, 'B')));
  EXPECT_THAT(refused({tensor(factor_name(kQ, 'A'), {3, 5}), b}), HasSubstr("has the shape [3, 5], but its rank is 4"));
  EXPECT_THAT(refused({tensor(factor_name(kQ, 'A'), {20}), b}), HasSubstr("has the shape [20]"));
  for (const char* stranger : {"base_model.model.model.embed_tokens.lora_embedding_A", "model.layers.0.self_attn.q_proj.lora_A.weight",
                               "base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector",
                               "base_model.model.model.layers.0.self_attn.q_proj.lora_A.default.weight"})
    EXPECT_THAT(refused({a, b, tensor(stranger, {4, 5})}), AllOf(HasSubstr(stranger), HasSubstr("none of a LoRA")));
  EXPECT_THAT(refused({tensor(factor_name("model.layers.0.mlp.down_proj", 'A'), {4, 5}),
                       tensor(factor_name("model.layers.0.mlp.down_proj", 'B'), {6, 4})}),
              AllOf(HasSubstr("down_proj"), HasSubstr("does not name")));
}

TEST_F(AdapterFile, AFolderThatIsNoneSaysWhatItLacks) {
  EXPECT_THAT(error_of([&] { Adapter(folder / "absent"); }), HasSubstr("no such adapter"));
  std::filesystem::create_directory(folder / "empty");
  EXPECT_THAT(error_of([&] { Adapter(folder / "empty"); }), HasSubstr("holds no adapter_config.json"));
  random.write(folder / "adapter");
  std::filesystem::rename(folder / "adapter/adapter_model.safetensors", folder / "adapter/adapter_model.bin");
  EXPECT_THAT(error_of([&] { Adapter(folder / "adapter"); }), HasSubstr("only adapter_model.bin"));
}

// Backtracking without end, as (a*)*b on many a.
TEST_F(AdapterFile, AnExpressionThatTakesForeverIsRefused) {
  random.modules = {{std::string(60, 'a'), 6, 5}};
  EXPECT_THAT(refusal({{"target_modules", "(a|a)*b"}}), HasSubstr("takes too long"));
}

TEST_F(AdapterFile, WhatIsWrittenReadsBack) {
  const std::vector<float> numbers = {1, 2, 3, 4, 5, 6};
  const auto bytes = std::as_bytes(std::span(numbers));
  AdapterConfig config{.base = "some/base", .rank = 1, .alpha = 3};
  config.targets.names = {"q_proj"};
  write_adapter(folder / "new/adapter", config,
                {{factor_name(kQ, 'A'), DType::F32, {1, 2}, bytes.first(8)},
                 {factor_name(kQ, 'B'), DType::F32, {3, 1}, bytes.first(12)}});
  const Adapter adapter(folder / "new/adapter");
  EXPECT_EQ(adapter.config().base, "some/base");
  EXPECT_EQ(adapter.modules().find(kQ)->second.scale, 3);
}

}  // namespace
}  // namespace tertium
