#include "tertium/formats/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"
#include "tests/support/gguf_builder.h"

namespace tertium {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SafetensorsTest : public testing::Test {
 protected:
  test::TempFolder folder;

  std::filesystem::path write(std::string_view header, std::string_view data) {
    return folder.write("model.safetensors", test::encoded<std::uint64_t>(header.size()).append(header).append(data));
  }

  /// The message for a file of this header and data, which must be refused.
  std::string refusal(std::string_view header, std::string_view data) { return refusal(write(header, data)); }
  std::string refusal(const std::filesystem::path& path) {
    const std::string message = test::error_of([&] { Safetensors file(path); });
    EXPECT_THAT(message, HasSubstr(path.string() + ": "));
    return message;
  }
};

const std::string four_bytes = test::encoded(1.5f);
const std::string eight_bytes = test::encoded(1.5f) + test::encoded(-2.0f);

std::vector<float> values_of(const TensorView& tensor) {
  std::vector<float> values(tensor.count());
  to_f32(tensor, values);
  return values;
}

TEST_F(SafetensorsTest, ReadsTensorsInNameOrderAndSkipsMetadata) {
  const Safetensors file(
      write(R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},)"
            R"("a":{"dtype":"F32","shape":[],"data_offsets":[4,8]}}   )",
            eight_bytes));
  ASSERT_EQ(file.tensors().size(), 2u);
  EXPECT_EQ(file.tensors()[0].name, "a");
  EXPECT_THAT(values_of(*file.find("a")), ElementsAre(-2.0f));
  EXPECT_THAT(file.find("b")->shape, ElementsAre(1, 1));
  EXPECT_THAT(values_of(*file.find("b")), ElementsAre(1.5f));
}

TEST_F(SafetensorsTest, FindsNothingUnderAnotherName) {
  const Safetensors file(write(R"({"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", four_bytes));
  for (const char* name : {"", "a", "bb", "c", "__metadata__"}) EXPECT_EQ(file.find(name), nullptr) << name;
}

TEST_F(SafetensorsTest, ReadsWhatWriteSafetensorsWrote) {
  const std::string bytes = "\x01\x02\x03";
  const auto data = std::as_bytes(std::span(eight_bytes));
  const std::filesystem::path path = folder.path() / "written.safetensors";
  write_safetensors(path, {{"weights", DType::F32, {2, 1}, data},
                           {"größe", DType::U8, {3}, std::as_bytes(std::span(bytes))},
                           {"mask", DType::BOOL, {1, 2}, std::as_bytes(std::span(bytes)).first(2)},
                           {"empty", DType::F16, {0, 3}, {}}});
  const Safetensors file(path);
  EXPECT_EQ(file.tensors().size(), 4u);
  EXPECT_THAT(values_of(*file.find("weights")), ElementsAre(1.5f, -2.0f));
  EXPECT_EQ(file.find("größe")->dtype, DType::U8);
  EXPECT_EQ(file.find("größe")->bytes[2], std::byte{3});
  EXPECT_THAT(file.find("mask")->shape, ElementsAre(1, 2));
  EXPECT_THAT(file.find("empty")->shape, ElementsAre(0, 3));
}

TEST_F(SafetensorsTest, ReadsEightBitAndDoubleNumbers) {
  const Safetensors small(write(R"({"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]},)"
                                R"("b":{"dtype":"F8_E5M2","shape":[2],"data_offsets":[2,4]}})",
                                "\x38\xfe\x3c\xfb"));
  EXPECT_THAT(values_of(*small.find("a")), ElementsAre(1.0f, -448.0f));
  EXPECT_THAT(values_of(*small.find("b")), ElementsAre(1.0f, -57344.0f));
  const Safetensors wide(write(R"({"w":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})", test::encoded(0.1)));
  EXPECT_THAT(values_of(*wide.find("w")), ElementsAre(0.1f));
}

TEST_F(SafetensorsTest, WriteRefusesBlocksDuplicatesAndUnwritablePaths) {
  const TensorView one{"one", DType::F32, {1}, std::as_bytes(std::span(four_bytes))};
  const TensorView block{"block", DType::Q8_0, {32}, {}};
  const auto refused = [&](const std::filesystem::path& path, const std::vector<TensorView>& tensors) {
    return test::error_of([&] { write_safetensors(path, tensors); });
  };
  EXPECT_THAT(refused(folder.path() / "x", {block}), HasSubstr("\"block\" is Q8_0"));
  EXPECT_THAT(refused(folder.path() / "x", {one, one}), HasSubstr("\"one\" is taken"));
  EXPECT_THAT(refused(folder.path() / "none" / "x", {one}), HasSubstr("cannot be written"));
}

TEST_F(SafetensorsTest, RefusesItsFileCutAtEveryLength) {
  const std::string header = R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  const std::string whole = test::encoded<std::uint64_t>(header.size()) + header + eight_bytes;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    SCOPED_TRACE(length);
    refusal(folder.write("cut.safetensors", std::string_view(whole).substr(0, length)));
  }
}

TEST_F(SafetensorsTest, ReadsOrRefusesItsFileWithAnyByteDamaged) {
  const std::string header = R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  const std::string whole = test::encoded<std::uint64_t>(header.size()) + header + eight_bytes;
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (const char damage : {'\0', '\xff', '9', '-', '"', '{', '[', '\x80'}) {
      std::string damaged = whole;
      damaged[at] = damage;
      const std::filesystem::path path = folder.write("damaged.safetensors", damaged);
      try {
        const Safetensors file(path);
        for (const TensorView& tensor : file.tensors()) EXPECT_LE(tensor.bytes.size(), eight_bytes.size());
      } catch (const Error&) {
        // As good: it was refused.
      }
    }
}

TEST_F(SafetensorsTest, RefusesAnAbsurdHeaderLength) {
  for (const std::uint64_t length : {std::uint64_t{100}, std::uint64_t{1} << 40, ~std::uint64_t{0}}) {
    const auto path = folder.write("absurd.safetensors", test::encoded(length) + "{}");
    EXPECT_THAT(refusal(path), HasSubstr(fmt::format("claims {} bytes", length)));
  }
}

TEST_F(SafetensorsTest, RefusesAHeaderThatIsNoJsonObject) {
  EXPECT_THAT(refusal("hello", ""), HasSubstr("not JSON"));
  EXPECT_THAT(refusal("", four_bytes), HasSubstr("not JSON"));
  EXPECT_THAT(refusal("{\"a\xff\":1}", ""), HasSubstr("not JSON"));
  EXPECT_THAT(refusal(R"({"a":1e999})", ""), HasSubstr("not JSON"));
  EXPECT_THAT(refusal("[]", ""), HasSubstr("not a JSON object"));
}

TEST_F(SafetensorsTest, RefusesAHeaderNestedWithoutEnd) {
  EXPECT_THAT(refusal(std::string(1'000'000, '['), ""), HasSubstr("nested too deeply"));
}

TEST_F(SafetensorsTest, RefusesATensorThatIsNotDescribed) {
  EXPECT_THAT(refusal(R"({"w":[1]})", ""), HasSubstr("tensor \"w\" is not described"));
  EXPECT_THAT(refusal(R"({"w":{"shape":[1],"data_offsets":[0,4]}})", four_bytes), HasSubstr("has no \"dtype\""));
  EXPECT_THAT(refusal(R"({"w":{"dtype":"F32","data_offsets":[0,4]}})", four_bytes), HasSubstr("has no \"shape\""));
  EXPECT_THAT(refusal(R"({"w":{"dtype":"F32","shape":[1]}})", four_bytes), HasSubstr("has no \"data_offsets\""));
  EXPECT_THAT(refusal(R"({"w":{"dtype":1,"shape":[1],"data_offsets":[0,4]}})", four_bytes), HasSubstr("\"dtype\""));
}

TEST_F(SafetensorsTest, RefusesAnUnknownDtypeByName) {
  for (const char* dtype : {"I16", "U16", "I8", "U32", "U64", "C64", "F8_E8M0", "F4", "Q8_0"})
    EXPECT_THAT(
        refusal(fmt::format(R"({{"w":{{"dtype":"{}","shape":[4],"data_offsets":[0,4]}}}})", dtype), four_bytes),
        HasSubstr(fmt::format("tensor \"w\" has the dtype \"{}\", which tertium does not read; convert it to one "
                              "of F32, F64, F16, BF16, F8_E4M3, F8_E5M2, I64, I32, U8, BOOL",
                              dtype)));
}

TEST_F(SafetensorsTest, RefusesAShapeThatIsNegativeFractionalOrOverflows) {
  const auto with_shape = [&](std::string_view shape) {
    return refusal(fmt::format(R"({{"w":{{"dtype":"F32","shape":{},"data_offsets":[0,4]}}}})", shape), four_bytes);
  };
  EXPECT_THAT(with_shape("[-1]"), HasSubstr("\"shape\" with -1"));
  EXPECT_THAT(with_shape("[1.0]"), HasSubstr("\"shape\" with 1.0"));
  EXPECT_THAT(with_shape("[18446744073709551615]"), HasSubstr("\"shape\" with 18446744073709551615"));
  EXPECT_THAT(with_shape("[4294967296,4294967296]"), HasSubstr("impossible shape [4294967296, 4294967296]"));
  EXPECT_THAT(with_shape("[4611686018427387905]"), HasSubstr("impossible shape"));  // times 4 bytes is 4
  EXPECT_THAT(with_shape("7"), HasSubstr("no array"));
}

TEST_F(SafetensorsTest, RefusesOffsetsOutsideTheFileOrOfAnotherSize) {
  const auto with_offsets = [&](std::string_view offsets) {
    return refusal(fmt::format(R"({{"w":{{"dtype":"F32","shape":[1],"data_offsets":{}}}}})", offsets), four_bytes);
  };
  EXPECT_THAT(with_offsets("[4,8]"), HasSubstr("lies at bytes 4 to 8 of 4"));
  EXPECT_THAT(with_offsets("[4,0]"), HasSubstr("lies at bytes 4 to 0"));
  EXPECT_THAT(with_offsets("[0,3]"), HasSubstr("has 3 bytes, its shape and dtype need 4"));
  EXPECT_THAT(with_offsets("[9223372036854775804,9223372036854775807]"), HasSubstr("lies at bytes"));
  EXPECT_THAT(with_offsets("[0]"), HasSubstr("two data_offsets"));
}

TEST_F(SafetensorsTest, RefusesTensorsThatShareBytes) {
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},)"
                      R"("b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})",
                      four_bytes),
              HasSubstr("tensors \"a\" and \"b\" share bytes"));
}

TEST_F(SafetensorsTest, RefusesBytesThatBelongToNoTensor) {
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", eight_bytes),
              HasSubstr("8 bytes of data, but its tensors only 4"));
}

TEST_F(SafetensorsTest, RefusesANameOrAFieldThatComesTwice) {
  const std::string entry = R"("w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  EXPECT_THAT(refusal("{" + entry + "," + entry + "}", four_bytes), HasSubstr("has the key \"w\" twice"));
  EXPECT_THAT(refusal(R"({"w":{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}})", four_bytes),
              HasSubstr("has the key \"dtype\" twice"));
}

TEST_F(SafetensorsTest, EscapesANameThatWouldBreakTheLine) {
  EXPECT_THAT(refusal(R"({"a\nb":{"dtype":"?","shape":[1],"data_offsets":[0,4]}})", four_bytes),
              HasSubstr("\"a\\u000ab\""));
}

}  // namespace
}  // namespace tertium
