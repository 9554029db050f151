#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tertium/formats/gguf.h"
#include "tests/support/files.h"
#include "tests/support/gguf_builder.h"

// Files that are cut, damaged or made to mislead: each is refused with one line that names file and culprit.

namespace tertium {
namespace {

using test::encoded;
using test::encoded_text;
using test::GgufBuilder;
using testing::HasSubstr;

constexpr std::uint32_t f32 = 0;
constexpr std::uint32_t q8_0 = 8;
constexpr std::uint64_t absurd = ~std::uint64_t{0};

class GgufDamage : public testing::Test {
 protected:
  test::TempFolder folder;

  /// The message for this file, which must be refused.
  std::string refusal(std::string_view bytes) {
    const auto path = folder.write("model.gguf", bytes);
    const std::string message = test::error_of([&] { Gguf file(path); });
    EXPECT_THAT(message, HasSubstr(path.string() + ": "));
    return message;
  }
  std::string refusal(const GgufBuilder& builder) { return refusal(builder.bytes()); }
};

/// A small file with something of everything.
std::string good_file() {
  return GgufBuilder()
      .text("general.architecture", "llama")
      .pair("general.alignment", 4, encoded<std::uint32_t>(32))
      .pair("scale", 6, encoded(0.5f))
      .array("tokens", 8, 2, encoded_text("a") + encoded_text("ß"))
      .array("bools", 7, 2, std::string("\0\x01", 2))
      .tensor("norm", {2}, f32, encoded(1.0f) + encoded(2.0f))
      .tensor("w", {32, 2}, q8_0, std::string(68, '\x11'))
      .bytes();
}

TEST_F(GgufDamage, AFileCutAtAnyLengthIsRefused) {
  const std::string whole = good_file();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    SCOPED_TRACE(length);
    refusal(std::string_view(whole).substr(0, length));
  }
}

TEST_F(GgufDamage, AFileWithAnyByteDamagedIsReadOrRefused) {
  const std::string whole = good_file();
  std::size_t refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (const char damage : {'\0', '\x01', '\x7f', '\x80', '\xff'}) {
      std::string damaged = whole;
      damaged[at] = damage;
      try {
        const Gguf file(folder.write("damaged.gguf", damaged));
        for (const TensorView& tensor : file.tensors()) ASSERT_LE(tensor.bytes.size(), whole.size());
      } catch (const Error&) {
        ++refused;
      }
    }
  EXPECT_GT(refused, whole.size());  // most of these bytes matter
}

TEST_F(GgufDamage, AnotherKindOfFileIsRefused) {
  EXPECT_THAT(refusal("GGU"), HasSubstr("not a GGUF file"));
  EXPECT_THAT(refusal("{\"model\": 1}"), HasSubstr("not a GGUF file"));
  GgufBuilder builder;
  builder.magic = "GGML";
  EXPECT_THAT(refusal(builder), HasSubstr("not a GGUF file"));
}

TEST_F(GgufDamage, AnotherVersionOrByteOrderIsRefused) {
  GgufBuilder builder;
  for (const std::uint32_t version : {0u, 1u, 4u}) {
    builder.version = version;
    EXPECT_THAT(refusal(builder), HasSubstr(fmt::format("GGUF version {}", version)));
  }
  builder.version = 0x03000000;
  EXPECT_THAT(refusal(builder), HasSubstr("big-endian"));
}

TEST_F(GgufDamage, AbsurdCountsAreRefusedBeforeMemoryIsTaken) {
  GgufBuilder tensors;
  tensors.claimed_tensors = absurd;
  EXPECT_THAT(refusal(tensors), HasSubstr("its header claims 18446744073709551615 tensors"));
  GgufBuilder pairs;
  pairs.claimed_pairs = std::uint64_t{1} << 60;
  EXPECT_THAT(refusal(pairs), HasSubstr("its header claims 1152921504606846976 metadata keys"));
}

TEST_F(GgufDamage, AbsurdLengthsAreRefusedBeforeMemoryIsTaken) {
  EXPECT_THAT(refusal(GgufBuilder().pair("name", 8, encoded(absurd) + "x")),
              HasSubstr("key \"name\" claims 18446744073709551615 bytes of text"));
  EXPECT_THAT(refusal(GgufBuilder().array("scores", 12, absurd / 8 + 2, std::string(64, 'x'))),  // times 8 is 8
              HasSubstr("key \"scores\" claims 2305843009213693953 elements"));
  EXPECT_THAT(refusal(GgufBuilder().array("tokens", 8, 9, std::string(64, '\0'))),
              HasSubstr("key \"tokens\" claims 9 elements"));
}

TEST_F(GgufDamage, AKeyThatComesTwiceIsRefused) {
  EXPECT_THAT(refusal(GgufBuilder().text("a", "x").text("a", "y")), HasSubstr("key \"a\" comes twice"));
}

TEST_F(GgufDamage, TextThatIsNotUtf8IsRefused) {
  EXPECT_THAT(refusal(GgufBuilder().text("na\xffme", "x")), HasSubstr("metadata key 1 of 1 holds \"na\\xffme\""));
  EXPECT_THAT(refusal(GgufBuilder().text("name", "\xc3")),
              HasSubstr("key \"name\" holds \"\\xc3\", which is not UTF-8"));
  EXPECT_THAT(refusal(GgufBuilder().array("tokens", 8, 1, encoded_text("\xed\xa0\x80"))),
              HasSubstr("key \"tokens\" holds"));
  EXPECT_THAT(refusal(GgufBuilder().tensor("\xfe", {1}, f32, encoded(1.0f))), HasSubstr("tensor 1 of 1 holds"));
}

TEST_F(GgufDamage, ValuesOfNoKnownKindAreRefused) {
  EXPECT_THAT(refusal(GgufBuilder().pair("a", 13, "xxxxxxxx")), HasSubstr("key \"a\" has the unknown value type 13"));
  EXPECT_THAT(refusal(GgufBuilder().array("a", 9, 0, "xxxxxxxx")), HasSubstr("key \"a\" is an array of arrays"));
  EXPECT_THAT(refusal(GgufBuilder().pair("a", 7, "\x07")), HasSubstr("key \"a\" holds a bool that is 7"));
  EXPECT_THAT(refusal(GgufBuilder().pair("a", 10, encoded(absurd))), HasSubstr("key \"a\" holds 18446744073709551615"));
}

TEST_F(GgufDamage, AnAlignmentThatIsNoPowerOfTwoIsRefused) {
  for (const std::int64_t alignment : {0l, 24l, -32l, 1l << 40})
    EXPECT_THAT(refusal(GgufBuilder().pair("general.alignment", 11, encoded(alignment))), HasSubstr("no power of two"));
  EXPECT_THAT(refusal(GgufBuilder().text("general.alignment", "32")), HasSubstr("no power of two"));
}

TEST_F(GgufDamage, UnsupportedTensorTypesAreNamed) {
  EXPECT_THAT(
      refusal(GgufBuilder().tensor("w", {256}, 16, std::string(66, 'x'))),
      HasSubstr("\"w\" has the type IQ2_XXS, which tertium does not read; use a file whose tensors are F32, F64, "
                "F16, BF16, I64, I32, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, "
                "IQ4_XS"));
  EXPECT_THAT(refusal(GgufBuilder().tensor("w", {256}, 4, std::string(84, 'x'))),
              HasSubstr("\"w\" has the type number 4"));
}

TEST_F(GgufDamage, ImpossibleShapesAreRefused) {
  const auto with_shape = [&](std::vector<std::uint64_t> shape, std::uint32_t type) {
    return refusal(GgufBuilder().tensor("w", std::move(shape), type, std::string(128, '\0')));
  };
  EXPECT_THAT(with_shape({1, 1, 1, 1, 1}, f32), HasSubstr("tensor \"w\" has 5 dimensions"));
  EXPECT_THAT(with_shape({4, 0}, f32), HasSubstr("dimension of size 0"));
  EXPECT_THAT(with_shape({absurd}, f32), HasSubstr("dimension of size -1"));
  EXPECT_THAT(with_shape({1ul << 32, 1ul << 32}, f32), HasSubstr("shape [4294967296, 4294967296], impossible for F32"));
  EXPECT_THAT(with_shape({(1ul << 62) + 1}, f32), HasSubstr("impossible for F32"));  // times 4 bytes is 4
  EXPECT_THAT(with_shape({31, 32}, q8_0), HasSubstr("shape [32, 31], impossible for Q8_0"));
}

TEST_F(GgufDamage, TensorsOutsideTheFileAreRefused) {
  const auto at_offset = [&](std::uint64_t offset) {
    return refusal(GgufBuilder().tensor("a", {16}, f32, std::string(64, '\0')).describe("w", {2}, f32, offset));
  };
  EXPECT_THAT(at_offset(64), HasSubstr("tensor \"w\" needs 8 bytes at offset 64, the file has 64 bytes of data"));
  EXPECT_THAT(at_offset(absurd - 31), HasSubstr("tensor \"w\" needs 8 bytes"));  // the end would wrap around
  EXPECT_THAT(at_offset(4), HasSubstr("tensor \"w\" lies at offset 4, no multiple of 32"));
}

TEST_F(GgufDamage, TensorsThatShareANameOrBytesAreRefused) {
  const std::string data(64, '\0');
  EXPECT_THAT(refusal(GgufBuilder().tensor("w", {16}, f32, data).tensor("w", {16}, f32, data)),
              HasSubstr("two tensors \"w\""));
  EXPECT_THAT(refusal(GgufBuilder().tensor("a", {16}, f32, data).describe("b", {1}, f32, 32)),
              HasSubstr("tensors \"a\" and \"b\" share bytes"));
}

}  // namespace
}  // namespace tertium
