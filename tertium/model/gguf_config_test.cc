#include "tertium/model/gguf_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tertium/model/family.h"
#include "tertium/model/sizes.h"
#include "tests/support/files.h"
#include "tests/support/gguf_builder.h"

namespace tertium {
namespace {

using test::encoded;
using testing::HasSubstr;

constexpr std::uint32_t kU32 = 4, kF32 = 6, kBool = 7;

/// Metadata of a tiny model of an architecture, and its embedding.
struct Metadata {
  std::string architecture = "llama";
  test::GgufBuilder file;

  explicit Metadata(std::string_view name = "llama", std::string_view epsilon = "attention.layer_norm_rms_epsilon")
      : architecture(name) {
    file.text("general.architecture", architecture);
    for (const auto& [key, value] : {std::pair{"embedding_length", 32u},
                                     {"attention.head_count", 4u},
                                     {"block_count", 3u},
                                     {"feed_forward_length", 48u},
                                     {"context_length", 64u}})
      count(key, value);
    if (!epsilon.empty()) number(epsilon, 0.5f);
    file.tensor("token_embd.weight", {32, 8}, 0, std::string(32 * 8 * 4, '\0'));
  }
  Metadata& count(std::string_view key, std::uint32_t value) {
    file.pair(architecture + "." + std::string(key), kU32, encoded(value));
    return *this;
  }
  Metadata& number(std::string_view key, float value) {
    file.pair(architecture + "." + std::string(key), kF32, encoded(value));
    return *this;
  }
  Metadata& text(std::string_view key, std::string_view value) {
    file.text(architecture + "." + std::string(key), value);
    return *this;
  }
};

struct Read {
  Config config;
  std::vector<LeftAside> aside;
};

Read read(const Metadata& metadata) {
  const test::TempFolder folder;
  const Gguf file(folder.write("model.gguf", metadata.file.bytes()));
  const GgufConfig reader(file, metadata.architecture);
  Read result{family_of_architecture(metadata.architecture, "model.gguf").from_gguf(reader), {}};
  result.aside = reader.left_aside();
  demand_sizes(result.config, "model.gguf");
  return result;
}

TEST(GgufKeys, OfEveryFixtureAreReadOrKnownToBeHarmless) {
  int read = 0;
  for (const auto& entry : std::filesystem::directory_iterator(test::source_folder() / "tests/fixtures/golden_gguf")) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() != ".gguf" || (name.find("-of-") != name.npos && name.find("-00001-") == name.npos))
      continue;
    const Gguf file(entry.path());
    const std::string architecture = file.get<std::string>("general.architecture");
    const GgufConfig reader(file, architecture);
    family_of_architecture(architecture, name).from_gguf(reader);
    EXPECT_EQ(test::error_of([&] { reader.left_aside(); }), "") << name;
    ++read;
  }
  EXPECT_GE(read, 22);
}

TEST(GgufKeys, ThatNobodyKnowsAreRefusedByName) {
  EXPECT_THAT(test::error_of([] { read(Metadata().number("attention.scale", 2)); }),
              HasSubstr("\"llama.attention.scale\" is a setting that tertium does not know"));
  EXPECT_THAT(test::error_of([] { read(Metadata().count("leading_dense_block_count", 1)); }),
              HasSubstr("leading_dense_block_count"));
  EXPECT_THAT(test::error_of([] {
                Metadata metadata;
                metadata.file.pair("llama.attention.causal", kBool, std::string(1, '\0'));
                read(metadata);
              }),
              HasSubstr("llama.attention.causal"));
  const Read off =
      read(Metadata().count("leading_dense_block_count", 0).count("vocab_size", 8).text("tensor_data_layout", "x"));
  EXPECT_EQ(off.aside.size(), 3u);
}

TEST(GgufKeys, ThatRealFilesHoldBesideTheModelsNumbersAreLeftAside) {
  Metadata metadata;
  metadata.number("attention.layer_norm_epsilon", 1e-5f).count("nextn_predict_layers", 0).count("pooling_type", 3);
  metadata.count("expert_shared_feed_forward_length", 0);
  for (const char* key : {"general.quantized_by", "general.license.link", "general.base_model.0.name",
                          "quantize.imatrix.file", "quantize.imatrix.dataset", "tokenizer.chat_template.tool_use"})
    metadata.file.text(key, "x");
  for (const char* key : {"general.quantization_version", "general.file_type", "general.sampling.top_k",
                          "quantize.imatrix.entries_count", "quantize.imatrix.chunks_count", "split.tensors.count"})
    metadata.file.pair(key, kU32, encoded(2u));
  std::vector<std::string> aside;
  for (const LeftAside& key : read(metadata).aside) aside.push_back(key.key);
  EXPECT_THAT(aside, testing::UnorderedElementsAre("llama.attention.layer_norm_epsilon", "llama.nextn_predict_layers",
                                                   "llama.pooling_type", "llama.expert_shared_feed_forward_length"));
}

TEST(GgufKeys, AnEpsilonThatIsMissingIsNamedAsTheFamilySpellsIt) {
  EXPECT_THAT(test::error_of([] { read(Metadata("llama", "")); }),
              HasSubstr("\"llama.attention.layer_norm_rms_epsilon\""));
  EXPECT_THAT(test::error_of([] { read(Metadata("llama", "attention.layer_norm_epsilon")); }),
              HasSubstr("\"llama.attention.layer_norm_rms_epsilon\""));
  EXPECT_THAT(test::error_of([] { read(Metadata("gpt2", "")); }), HasSubstr("\"gpt2.attention.layer_norm_epsilon\""));
}

// As llama.cpp takes them: the newer name wins, an old factor alone is linear, and no scaling of the type "none"
// counts.
TEST(GgufKeys, OfTwoSpellingsOfAScalingTheNewerStands) {
  const auto rope = [](const Metadata& metadata) { return read(metadata).config.ropes.at(0); };
  EXPECT_EQ(rope(Metadata().number("rope.scale_linear", 4)).scaling, Rope::Scaling::linear);
  EXPECT_EQ(rope(Metadata().number("rope.scale_linear", 4)).factor, 4);
  EXPECT_EQ(rope(Metadata().number("rope.scale_linear", 4).number("rope.scaling.factor", 2)).factor, 2);
  EXPECT_EQ(rope(Metadata().number("rope.scale_linear", 0)).scaling, Rope::Scaling::none);
  EXPECT_EQ(rope(Metadata().text("rope.scaling.type", "none").number("rope.scaling.factor", 2)).factor, 1);
  EXPECT_EQ(rope(Metadata().number("rope.scaling.attn_factor", 1.5f)).attention_factor, 1.5);
}

TEST(GgufKeys, OfSlidingBlocksAreTheirOwn) {
  const Config config = read(Metadata("olmo2")
                                 .count("attention.sliding_window", 8)
                                 .number("rope.freq_base", 5e5f)
                                 .number("rope.freq_base_swa", 1e4f)
                                 .text("rope.scaling.type", "yarn")
                                 .number("rope.scaling.factor", 4)
                                 .number("rope.scaling.attn_factor", 1.5f))
                            .config;
  ASSERT_EQ(config.ropes.size(), 2u);
  EXPECT_EQ(config.ropes[0].theta, 1e4);
  EXPECT_EQ(config.ropes[0].scaling, Rope::Scaling::none);
  EXPECT_EQ(config.ropes[0].attention_factor, 1);
  EXPECT_EQ(config.ropes[1].attention_factor, 1.5);
  EXPECT_EQ(config.layers[0].window, 8);
  EXPECT_THAT(test::error_of([] { read(Metadata("olmo2").count("attention.key_length_swa", 16)); }),
              HasSubstr("key_length_swa"));
}

TEST(GgufKeys, DimensionsWhoseProductIsNoIntAreRefused) {
  Metadata wide;
  wide.count("attention.head_count_kv", 4)
      .count("attention.key_length", 16'777'216)
      .count("attention.value_length", 16'777'216);
  EXPECT_EQ(test::error_of([&] { read(wide); }).find("model.gguf: queries, keys and values are"), 0u);
  EXPECT_THAT(test::error_of([] { read(Metadata().count("expert_count", 2).count("expert_used_count", 3)); }),
              HasSubstr("each row shall pass 3 experts, but there are 2"));
}

}  // namespace
}  // namespace tertium
