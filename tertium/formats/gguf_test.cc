#include "tertium/formats/gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/files.h"
#include "tests/support/gguf_builder.h"

// What is read from a good file; gguf_damage_test.cc has the bad ones.

namespace tertium {
namespace {

using test::encoded;
using test::encoded_text;
using test::GgufBuilder;
using testing::ElementsAre;
using testing::HasSubstr;

class GgufTest : public testing::Test {
 protected:
  test::TempFolder folder;

  Gguf open(const GgufBuilder& builder) { return Gguf(folder.write("model.gguf", builder.bytes())); }
};

TEST_F(GgufTest, ReadsEveryKindOfInteger) {
  const Gguf file = open(GgufBuilder()
                             .pair("u8", 0, encoded<std::uint8_t>(255))
                             .pair("i8", 1, encoded<std::int8_t>(-128))
                             .pair("u16", 2, encoded<std::uint16_t>(65535))
                             .pair("i16", 3, encoded<std::int16_t>(-32768))
                             .pair("u32", 4, encoded<std::uint32_t>(4294967295))
                             .pair("i32", 5, encoded<std::int32_t>(-2147483648))
                             .pair("u64", 10, encoded<std::uint64_t>(9223372036854775807))
                             .pair("i64", 11, encoded(std::numeric_limits<std::int64_t>::min())));
  EXPECT_EQ(file.get<std::int64_t>("u8"), 255);
  EXPECT_EQ(file.get<std::int64_t>("i8"), -128);
  EXPECT_EQ(file.get<std::int64_t>("u16"), 65535);
  EXPECT_EQ(file.get<std::int64_t>("i16"), -32768);
  EXPECT_EQ(file.get<std::int64_t>("u32"), 4294967295);
  EXPECT_EQ(file.get<std::int64_t>("i32"), -2147483648);
  EXPECT_EQ(file.get<std::int64_t>("u64"), 9223372036854775807);
  EXPECT_EQ(file.get<std::int64_t>("i64"), std::numeric_limits<std::int64_t>::min());
}

TEST_F(GgufTest, ReadsNumbersTextsBoolsAndArrays) {
  const Gguf file = open(GgufBuilder()
                             .pair("f32", 6, encoded(0.5f))
                             .pair("f64", 12, encoded(0.25))
                             .pair("bool", 7, "\x01")
                             .text("name", "größe")
                             .array("integers", 5, 2, encoded<std::int32_t>(-1) + encoded<std::int32_t>(7))
                             .array("numbers", 6, 1, encoded(1.5f))
                             .array("bools", 7, 2, std::string("\0\x01", 2))
                             .array("texts", 8, 2, encoded_text("▁the") + encoded_text("")));
  EXPECT_EQ(file.get<double>("f32"), 0.5);
  EXPECT_EQ(file.get<double>("f64"), 0.25);
  EXPECT_TRUE(file.get<bool>("bool"));
  EXPECT_EQ(file.get<std::string>("name"), "größe");
  EXPECT_THAT(file.get<std::vector<std::int64_t>>("integers"), ElementsAre(-1, 7));
  EXPECT_THAT(file.get<std::vector<double>>("numbers"), ElementsAre(1.5));
  EXPECT_THAT(file.get<std::vector<bool>>("bools"), ElementsAre(false, true));
  EXPECT_THAT(file.get<std::vector<std::string>>("texts"), ElementsAre("▁the", ""));
  EXPECT_EQ(file.metadata().size(), 8u);
}

TEST_F(GgufTest, GivesAnIntegerAsDoubleToo) {
  const Gguf file = open(GgufBuilder().pair("freq_base", 4, encoded<std::uint32_t>(10000)));
  EXPECT_EQ(file.get<double>("freq_base"), 10000.0);
}

TEST_F(GgufTest, FallsBackOnlyWhereTheKeyIsAbsent) {
  const Gguf file = open(GgufBuilder().pair("count", 4, encoded<std::uint32_t>(3)));
  EXPECT_EQ(file.get_or<std::int64_t>("count", 8), 3);
  EXPECT_EQ(file.get_or<std::int64_t>("absent", 8), 8);
  EXPECT_EQ(file.get_or<std::string>("absent", "none"), "none");
  EXPECT_THAT(test::error_of([&] { file.get_or<std::string>("count", "none"); }),
              HasSubstr("is an integer, not a text"));
}

TEST_F(GgufTest, NamesTheKeyThatIsAbsentOrOfAnotherType) {
  const Gguf file = open(GgufBuilder().text("general.name", "x"));
  const std::string absent = test::error_of([&] { file.get<std::string>("general.architecture"); });
  EXPECT_THAT(absent, HasSubstr("model.gguf: has no metadata key \"general.architecture\""));
  const std::string other = test::error_of([&] { file.get<std::vector<double>>("general.name"); });
  EXPECT_THAT(other, HasSubstr("\"general.name\" is a text, not an array of numbers"));
}

TEST_F(GgufTest, ReversesDimensionsSoThatTheLastIsContiguous) {
  const std::string data =
      encoded(1.0f) + encoded(2.0f) + encoded(3.0f) + encoded(4.0f) + encoded(5.0f) + encoded(6.0f);
  const Gguf file = open(GgufBuilder().tensor("w", {3, 2}, 0, data));
  const TensorView& tensor = *file.find("w");
  EXPECT_THAT(tensor.shape, ElementsAre(2, 3));
  std::vector<float> values(tensor.count());
  to_f32(tensor, values);
  EXPECT_THAT(values, ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST_F(GgufTest, FindsTensorsByNameAndKeepsFileOrder) {
  const Gguf file = open(GgufBuilder().tensor("z", {1}, 0, encoded(1.0f)).tensor("a", {32}, 8, std::string(34, '\0')));
  EXPECT_EQ(file.tensors()[0].name, "z");
  EXPECT_EQ(file.find("a")->dtype, DType::Q8_0);
  EXPECT_EQ(file.find("a")->bytes.size(), 34u);
  EXPECT_EQ(file.find("b"), nullptr);
}

TEST_F(GgufTest, KeepsTheAlignmentThatTheFileStates) {
  GgufBuilder builder;
  builder.alignment = 64;
  builder.pair("general.alignment", 4, encoded<std::uint32_t>(64));
  const Gguf file = open(builder.tensor("a", {1}, 0, encoded(1.0f)).tensor("b", {1}, 0, encoded(2.0f)));
  EXPECT_EQ(file.find("b")->bytes.data() - file.find("a")->bytes.data(), 64);
}

TEST_F(GgufTest, ReadsVersionTwoAndAFileWithoutTensors) {
  GgufBuilder builder;
  builder.version = 2;
  EXPECT_TRUE(open(builder.text("general.name", "vocabulary only")).tensors().empty());
}

TEST_F(GgufTest, StaysValidWhenMoved) {
  Gguf first = open(GgufBuilder().tensor("w", {1}, 0, encoded(4.0f)));
  const Gguf second = std::move(first);
  std::vector<float> values(1);
  to_f32(*second.find("w"), values);
  EXPECT_THAT(values, ElementsAre(4.0f));
}

TEST(GgufRealFile, GemmaHasTheTensorsThatItsMetadataPromises) {
  const std::string path = TERTIUM_SOURCE_DIR "/.deps/models/gemma3-270m/gemma3-270m-q4_k_m.gguf";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "SKIPPED: needs the real model, " << path;
  const Gguf file(path);
  EXPECT_EQ(file.get<std::string>("general.architecture"), "gemma3");
  const auto vocabulary = static_cast<std::int64_t>(file.get<std::vector<std::string>>("tokenizer.ggml.tokens").size());
  EXPECT_THAT(file.find("token_embd.weight")->shape,
              ElementsAre(vocabulary, file.get<std::int64_t>("gemma3.embedding_length")));
  const std::int64_t last = file.get<std::int64_t>("gemma3.block_count") - 1;
  EXPECT_NE(file.find(fmt::format("blk.{}.attn_q.weight", last)), nullptr);
}

}  // namespace
}  // namespace tertium
