// LoRA adapters: added to the weights of every kind of file, held against what PEFT computes, and never mixed with runs
// without them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tertium/engine/engine.h"
#include "tertium/experiment/parity.h"
#include "tertium/formats/adapter.h"
#include "tertium/model/checkpoint.h"
#include "tertium/model/weights.h"
#include "tests/support/random_adapter.h"
#include "tests/support/small_experiment.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using test::error_of;
using test::RandomAdapter;
using testing::AllOf;
using testing::HasSubstr;

constexpr double kRounding = 1e-4;

fs::path fixtures() { return test::source_folder() / "tests/fixtures"; }

std::vector<float> logits_of(const fs::path& model, const fs::path& adapter, const char* dtype = "f32") {
  Job job{.name = "ids"};
  job.strands = {{.tokens = {2, 5, 3, 4, 2, 5}}};
  for (int row = 0; row < 6; ++row) job.readings.push_back({0, row, Readout::logits, {}});
  std::vector<float> all;
  for (const std::vector<float>& row : Engine(Model::load(model, dtype, adapter)).run(job).readings)
    all.insert(all.end(), row.begin(), row.end());
  return all;
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max<double>(largest, std::abs(a[i] - b[i]));
  return largest;
}

/// A folder of tests/fixtures/training or ../shared/training: what PEFT computes with its adapter.
class AgainstPeft : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (!fs::exists(folder)) folder = test::shared_folder() / "training" / GetParam();
    if (!fs::exists(folder))
      GTEST_SKIP() << "SKIPPED: needs " << folder.string() << "; set TERTIUM_SHARED to the folder that holds training/";
  }
  fs::path folder = fixtures() / "training" / GetParam();
  const fs::path model = fixtures() / "golden" / GetParam();
};

TEST_P(AgainstPeft, LogitsWithTheAdapterAreIts) {
  const std::vector<ParityLine> lines =
      compare_with_golden(Engine(Model::load(model, "f32", folder / "adapter")), folder / "expect.safetensors").lines;
  ASSERT_FALSE(lines.empty());
  for (const ParityLine& line : lines) EXPECT_LE(line.difference, kRounding) << line.quantity;
  const std::vector<ParityLine> without =
      compare_with_golden(Engine(Model::load(model, "f32")), folder / "expect.safetensors").lines;
  EXPECT_GT(without.front().difference, 100 * kRounding) << "the adapter changes nothing that the test could see";
}

class MergedByPeft : public AgainstPeft {};

TEST_P(MergedByPeft, MatricesAreIts) {
  const Safetensors expect(folder / "expect.safetensors");
  const Model loaded = Model::load(model, "f32", folder / "adapter");
  const BlockWeights& block = loaded.weights().blocks[1];
  std::size_t compared = 0;
  for (const TensorView& tensor : expect.tensors()) {
    if (!tensor.name.starts_with("merged.")) continue;
    at::Tensor wanted = at::empty(tensor.shape, at::kFloat);
    to_f32(tensor, {wanted.data_ptr<float>(), static_cast<std::size_t>(wanted.numel())});
    const bool is_down = tensor.name.ends_with("down_proj");
    const at::Tensor& ours = is_down ? block.mlp.down.weight.values() : block.qkv.front().weight.values();
    EXPECT_LE((ours.narrow(0, 0, wanted.size(0)) - wanted).abs().max().item<double>(), 1e-6) << tensor.name;
    ++compared;
  }
  EXPECT_EQ(compared, 2u);
}

INSTANTIATE_TEST_SUITE_P(Adapters, AgainstPeft, testing::Values("llama", "gemma3", "qwen3", "phi3", "gpt_neox", "gpt2"),
                         [](const auto& info) { return info.param; });
INSTANTIATE_TEST_SUITE_P(Adapters, MergedByPeft, testing::Values("llama", "gemma3", "qwen3", "phi3"),
                         [](const auto& info) { return info.param; });

/// GGUF fixtures hold the weights of the Hugging Face folders, under other names and in other orders.
class OnGguf : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(OnGguf, AnAdapterChangesWhatItChangesInHuggingFacesFiles) {
  const fs::path folder = fixtures() / "golden" / GetParam().first,
                 gguf = fixtures() / "golden_gguf" / GetParam().second;
  const test::TempFolder temporary;
  const fs::path adapter = temporary.path() / "adapter";
  RandomAdapter::of(folder).write(adapter);
  const std::vector<float> with = logits_of(folder, adapter);
  EXPECT_GT(largest_difference(with, logits_of(folder, {})), 0.01);
  EXPECT_LE(largest_difference(with, logits_of(gguf, adapter)), kRounding);
}

INSTANTIATE_TEST_SUITE_P(Adapters, OnGguf,
                         testing::Values(std::pair("llama", "llama-00001-of-00003.gguf"),
                                         std::pair("llama3", "llama3.gguf"), std::pair("phi3", "phi3.gguf"),
                                         std::pair("gpt_neox", "gpt_neox.gguf"), std::pair("bloom", "bloom.gguf"),
                                         std::pair("qwen2", "qwen2.gguf"), std::pair("qwen3", "qwen3.gguf"),
                                         std::pair("granite", "granite.gguf"), std::pair("gpt2", "gpt2.gguf"),
                                         std::pair("olmo2", "olmo2.gguf")),
                         [](const auto& info) { return std::string(info.param.first); });

class Adapted : public test::SmallExperiment {
 protected:
  Adapted() : random(RandomAdapter::of(model)) { random.write(adapter); }

  std::string refusal() {
    random.write(adapter);
    return error_of([&] { Model::load(model, "f32", adapter); });
  }

  const fs::path adapter = folder / "adapter";
  RandomAdapter random;
};

TEST_F(Adapted, TheHeadIsChangedAloneAlsoWhereItIsTied) {
  tiny.tied = true;
  write_tiny_model(model, tiny);
  random.modules = {{"lm_head", tiny.vocabulary(), tiny.width}};
  random.write(adapter);
  const Model plain = Model::load(model, "f32"), changed = Model::load(model, "f32", adapter);
  EXPECT_TRUE(at::equal(changed.weights().embedding.values(), plain.weights().embedding.values()));
  EXPECT_FALSE(at::equal(changed.weights().head.values(), plain.weights().head.values()));
}

TEST_F(Adapted, HalfPrecisionIsRoundedOnceBehindTheSum) {
  const Model exact = Model::load(model, "f32", adapter), half = Model::load(model, "f16", adapter);
  const at::Tensor sum = exact.weights().blocks[0].mlp.down.weight.values();
  EXPECT_TRUE(at::equal(half.weights().blocks[0].mlp.down.weight.values(), sum.to(at::kHalf)));
}

TEST_F(Adapted, NamesMayBeginAsInAModelOfSeveralKindsOfInputOrWithoutAHead) {
  const std::vector<float> usual = logits_of(model, adapter);
  for (const std::string before : {"model.language_model.", "language_model.model.", ""}) {
    RandomAdapter renamed = random;
    for (RandomAdapter::Module& module : renamed.modules) module.name = before + module.name.substr(6);
    renamed.write(adapter);
    EXPECT_EQ(largest_difference(logits_of(model, adapter), usual), 0) << before;
  }
}

TEST_F(Adapted, WhatDoesNotFitTheModelIsNamed) {
  const RandomAdapter right = random;
  random.modules[0].in += 1;
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr("layers.0.self_attn.q_proj.lora_A.weight"), HasSubstr("but the model asks for [4, 16]")));
  random = right;
  random.modules[0].out += 1;
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr("layers.0.self_attn.q_proj.lora_B.weight"), HasSubstr("but the model asks for [16, 4]")));
  random = right;
  random.modules.pop_back();
  EXPECT_THAT(refusal(), AllOf(HasSubstr("no tensor"), HasSubstr("layers.1.mlp.down_proj.lora_A.weight")));
  random = right;
  random.modules.push_back({"model.layers.2.mlp.down_proj", tiny.width, tiny.mlp});
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr("layers.2.mlp.down_proj.lora_A"), HasSubstr("has no place in the family llama")));
  random = right;
  random.config["fan_in_fan_out"] = true;
  EXPECT_THAT(refusal(), HasSubstr("\"fan_in_fan_out\""));
}

TEST_F(Adapted, NumbersThatAreNoneAreRefusedByTheTensorsName) {
  const std::vector<float> bad(4 * 16, std::nanf("")), good(16 * 4, 1);
  write_safetensors(
      adapter / "adapter_model.safetensors",
      {{factor_name("model.layers.0.self_attn.q_proj", 'A'), DType::F32, {4, 16}, std::as_bytes(std::span(bad))},
       {factor_name("model.layers.0.self_attn.q_proj", 'B'), DType::F32, {16, 4}, std::as_bytes(std::span(good))}});
  EXPECT_THAT(error_of([&] { Model::load(model, "f32", adapter); }),
              AllOf(HasSubstr("q_proj.lora_A.weight"), HasSubstr("NaN or infinity")));
}

TEST_F(Adapted, ResultsWithAndWithoutAnAdapterNeverMix) {
  const fs::path with = results_of("with", {"--set", "adapter=" + adapter.string()});
  const test::Finished without = run({}, "with");
  EXPECT_EQ(without.status, 1);
  EXPECT_THAT(without.err, HasSubstr("adapter was given, is none"));
  EXPECT_EQ(run({"--set", "adapter=" + adapter.string()}, "with").status, 0) << "the same goes on";
  random.seed = 2;
  random.write(adapter);
  const test::Finished other = run({"--set", "adapter=" + adapter.string()}, "with");
  EXPECT_EQ(other.status, 1);
  EXPECT_THAT(other.err, HasSubstr("adapter_model.safetensors (changed)"));
  EXPECT_THAT(test::output_of({"export", with.string(), "--table", "runs"}),
              AllOf(HasSubstr("sha256 model adapter_model.safetensors"), HasSubstr("adapter,")));
}

TEST_F(Adapted, ItIsShownByInspect) {
  random.config["base_model_name_or_path"] = "some/base";
  random.write(adapter);
  EXPECT_THAT(test::output_of({"inspect", model.string(), "--adapter", adapter.string()}),
              AllOf(HasSubstr("LoRA, rank 4, alpha 8: 14 matrices"), HasSubstr("made for some/base")));
  const auto json =
      nlohmann::json::parse(test::output_of({"inspect", model.string(), "--adapter", adapter.string(), "--json"}));
  EXPECT_EQ(json.at("adapter").at("matrices"), 14);
}

}  // namespace
}  // namespace tertium
