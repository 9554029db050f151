#include "tertium/model/f8_scaling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/files.h"

namespace tertium {
namespace {

using nlohmann::json;
using test::error_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

F8Scaling scaling(const json& quantization) {
  return read_f8_scaling({{"quantization_config", quantization}}, "config.json");
}

F8Scaling fp8(const json& block_size) { return scaling({{"quant_method", "fp8"}, {"weight_block_size", block_size}}); }

/// compressed-tensors' way to say how the weights of groups of modules are scaled.
F8Scaling groups(const std::vector<json>& weights) {
  json all = json::object();
  for (const json& group : weights) all["group_" + std::to_string(all.size())] = {{"weights", group}};
  return scaling({{"quant_method", "compressed-tensors"}, {"config_groups", all}});
}

TEST(F8Scaling, AScaleOfAsManyBlocksAsThereAreRowsIsByBlock) {
  EXPECT_THAT(scale_blocks(fp8({128, 128}), 128, 16384, {1, 128}), ElementsAre(Pair(128, 128)));
  EXPECT_THAT(scale_blocks(fp8({128, 128}), 16384, 16384, {128, 128}), ElementsAre(Pair(128, 128)));
  EXPECT_THAT(scale_blocks(fp8({8, 4}), 32, 32, {4, 8}), ElementsAre(Pair(8, 4)));
}

TEST(F8Scaling, BlocksAtTheEdgesMayBeCut) {
  EXPECT_THAT(scale_blocks(fp8({128, 128}), 200, 300, {2, 3}), ElementsAre(Pair(128, 128)));
  EXPECT_THAT(scale_blocks(fp8({128, 128}), 8, 16, {1, 1}), ElementsAre(Pair(8, 16)));
  EXPECT_THAT(scale_blocks(fp8({128, 128}), 8, 16, {}), ElementsAre(Pair(8, 16)));
}

TEST(F8Scaling, WithoutAConfigurationTheShapeDecides) {
  EXPECT_THAT(scale_blocks({}, 32, 48, {}), ElementsAre(Pair(32, 48)));
  EXPECT_THAT(scale_blocks({}, 32, 48, {1, 1}), ElementsAre(Pair(32, 48)));
  EXPECT_THAT(scale_blocks({}, 32, 48, {32}), ElementsAre(Pair(1, 48)));
  EXPECT_THAT(scale_blocks({}, 32, 48, {32, 1}), ElementsAre(Pair(1, 48)));
  for (const std::vector<std::int64_t>& shape :
       {std::vector<std::int64_t>{1, 32}, {4, 8}, {48}, {32, 1, 1}, {0}, {0, std::int64_t{1} << 62}})
    EXPECT_THAT(scale_blocks({}, 32, 48, shape), IsEmpty());
}

TEST(F8Scaling, AShapeThatTheConfigurationDoesNotMeanFitsInNoWay) {
  EXPECT_THAT(scale_blocks(fp8({16, 16}), 32, 48, {32, 1}), IsEmpty());
  EXPECT_THAT(scale_blocks(fp8({16, 16}), 32, 48, {1}), IsEmpty());
  EXPECT_THAT(scale_blocks(groups({{{"strategy", "tensor"}}}), 32, 48, {32, 1}), IsEmpty());
  EXPECT_THAT(scale_blocks(groups({{{"strategy", "channel"}}}), 32, 48, {1}), IsEmpty());
}

TEST(F8Scaling, OfSeveralGroupsTheShapeChoosesUnlessItFitsTwo) {
  const F8Scaling mixed = groups({{{"strategy", "channel"}}, {{"strategy", "block"}, {"block_structure", {16, 16}}}});
  EXPECT_THAT(scale_blocks(mixed, 32, 48, {32, 1}), ElementsAre(Pair(1, 48)));
  EXPECT_THAT(scale_blocks(mixed, 32, 48, {2, 3}), ElementsAre(Pair(16, 16)));
  const F8Scaling ambiguous = groups({{{"strategy", "block"}, {"block_structure", {16, 16}}},
                                      {{"strategy", "block"}, {"block_structure", {20, 20}}}});
  EXPECT_THAT(scale_blocks(ambiguous, 32, 48, {2, 3}), SizeIs(2));
  EXPECT_THAT(scale_blocks(ambiguous, 8, 8, {1, 1}), ElementsAre(Pair(8, 8))) << "both mean the same";
}

TEST(F8Scaling, EveryWriterOfSuchFilesIsUnderstood) {
  EXPECT_THAT(scale_blocks(fp8(nullptr), 32, 48, {1}), ElementsAre(Pair(32, 48)));
  EXPECT_THAT(scale_blocks(scaling({{"quant_method", "fp8"}}), 256, 256, {2, 2}), ElementsAre(Pair(128, 128)))
      << "transformers' own block";
  EXPECT_THAT(scale_blocks(scaling({{"quant_method", "fp8"}}), 256, 256, {}), ElementsAre(Pair(256, 256)));
  EXPECT_THAT(scale_blocks(groups({{{"strategy", "group"}, {"group_size", 16}}}), 32, 48, {32, 3}),
              ElementsAre(Pair(1, 16)));
  const auto modelopt = [](const char* algorithm) {
    return scaling({{"quant_method", "modelopt"}, {"quant_algo", algorithm}});
  };
  EXPECT_THAT(scale_blocks(modelopt("FP8"), 32, 48, {}), ElementsAre(Pair(32, 48)));
  EXPECT_THAT(scale_blocks(modelopt("FP8_PER_CHANNEL_PER_TOKEN"), 32, 48, {32}), ElementsAre(Pair(1, 48)));
  EXPECT_THAT(scale_blocks(modelopt("FP8_PB_WO"), 256, 256, {2, 2}), ElementsAre(Pair(128, 128)));
}

TEST(F8Scaling, WhatScalesInAnotherWayIsRefusedByName) {
  EXPECT_THAT(error_of([] { scaling({{"quant_method", "modelopt"}, {"quant_algo", "NVFP4"}}); }),
              HasSubstr("\"quant_algo\": \"NVFP4\" is not supported"));
  EXPECT_THAT(error_of([] { groups({{{"strategy", "tensor_group"}}}); }), HasSubstr("\"tensor_group\""));
  EXPECT_THAT(error_of([] { groups({{{"strategy", "block"}}}); }), HasSubstr("block_structure"));
  EXPECT_THAT(error_of([] {
                scaling({{"quant_method", "compressed-tensors"}, {"transform_config", {{"config_groups", {{"R1", 1}}}}}});
              }),
              HasSubstr("\"transform_config\": is not supported"));
  for (const json& size : {json({16}), json({16, 0}), json({16, -1}), json("16"), json({1, 2, 3})})
    EXPECT_THAT(error_of([&] { fp8(size); }), HasSubstr("\"weight_block_size\"")) << size;
}

TEST(F8Scaling, OnlyScalesOfOtherThingsThanWeightsAreLeftAside) {
  for (const char* name : {"model.layers.0.self_attn.k_scale", "model.layers.0.self_attn.v_proj.v_scale",
                           "model.layers.0.self_attn.kv_scale", "model.layers.0.self_attn.q_scale"})
    EXPECT_THAT(std::string(scaled_apart(name)), HasSubstr("KV cache")) << name;
  for (const char* name : {"model.layers.0.mlp.up_proj.input_scale", "model.layers.0.self_attn.k_proj.output_scale"})
    EXPECT_THAT(std::string(scaled_apart(name)), HasSubstr("activations")) << name;
  for (const char* name : {"model.layers.0.mlp.up_proj.weight_scale", "model.layers.0.mlp.up_proj.weight_scale_2",
                           "model.layers.0.mlp.up_proj.pre_quant_scale", "model.layers.0.mlp.up_proj.weight"})
    EXPECT_EQ(scaled_apart(name), "") << name;
}

}  // namespace
}  // namespace tertium
