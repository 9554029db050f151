#include "tertium/formats/tensor_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "tertium/formats/safetensors.h"
#include "tests/support/files.h"
#include "tests/support/gguf_builder.h"

namespace tertium {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<float> values_of(const TensorView& tensor) {
  std::vector<float> values(tensor.count());
  to_f32(tensor, values);
  return values;
}

template <class Number>
std::span<const std::byte> bytes_of(const std::vector<Number>& numbers) {
  return std::as_bytes(std::span(numbers));
}

TEST(Layout, KnowsTheBytesOfAGgufBlock) {
  EXPECT_EQ(layout(DType::Q6_K).name, "Q6_K");
  EXPECT_EQ(layout(DType::Q6_K).block, 256u);
  EXPECT_EQ(layout(DType::Q6_K).bytes, 210u);
}

TEST(StoredBytes, CountsWholeBlocks) {
  EXPECT_EQ(stored_bytes(DType::F32, std::vector<std::int64_t>{3, 5}), 60u);
  EXPECT_EQ(stored_bytes(DType::Q4_0, std::vector<std::int64_t>{3, 64}), 3u * 2 * 18);
  EXPECT_EQ(stored_bytes(DType::F16, std::vector<std::int64_t>{}), 2u);
  EXPECT_EQ(stored_bytes(DType::F16, std::vector<std::int64_t>{4, 0}), 0u);
}

TEST(StoredBytes, RefusesARowThatIsNoWholeNumberOfBlocks) {
  EXPECT_FALSE(stored_bytes(DType::Q4_0, std::vector<std::int64_t>{64, 3}));
  EXPECT_FALSE(stored_bytes(DType::Q4_0, std::vector<std::int64_t>{}));
}

TEST(StoredBytes, RefusesNegativeSizesAndOverflow) {
  constexpr std::int64_t large = std::int64_t{1} << 32;
  EXPECT_FALSE(stored_bytes(DType::U8, std::vector<std::int64_t>{-1, -1}));
  EXPECT_FALSE(stored_bytes(DType::U8, std::vector<std::int64_t>{large, large}));
  EXPECT_FALSE(stored_bytes(DType::U8, std::vector<std::int64_t>{large, large, 0}));
  EXPECT_FALSE(stored_bytes(DType::I64, std::vector<std::int64_t>{large, large / 4}));
  EXPECT_TRUE(stored_bytes(DType::U8, std::vector<std::int64_t>{large, large / 4}));
}

class GgufBlocks : public testing::TestWithParam<DType> {
 protected:
  /// Random blocks of the type, and what gguf-py makes of them.
  Safetensors fixture{
      fmt::format("{}/tests/fixtures/gguf/{}.safetensors", TERTIUM_SOURCE_DIR, layout(GetParam()).name)};
};

TEST_P(GgufBlocks, DecodeToWhatGgufPyGivesToTheBit) {
  const TensorView& expect = *fixture.find("expect");
  const TensorView blocks{"blocks", GetParam(), expect.shape, fixture.find("raw")->bytes};
  ASSERT_EQ(stored_bytes(blocks.dtype, blocks.shape), blocks.bytes.size());
  const std::vector<float> expected = values_of(expect);
  const std::vector<float> actual = values_of(blocks);
  ASSERT_EQ(expected.size(), 3u * 512);
  for (std::size_t i = 0; i < expected.size(); ++i)
    ASSERT_EQ(std::bit_cast<std::uint32_t>(actual[i]), std::bit_cast<std::uint32_t>(expected[i]))
        << "value " << i << ": " << actual[i] << " instead of " << expected[i];
}

TEST_P(GgufBlocks, DecodeTheSameOnThreadsAndInRuns) {
  // Enough copies of the fixture's rows for several threads, and no multiple of their number.
  constexpr std::int64_t copies = 1409;
  const std::span<const std::byte> raw = fixture.find("raw")->bytes;
  std::vector<std::byte> many;
  for (std::int64_t i = 0; i < copies; ++i) many.insert(many.end(), raw.begin(), raw.end());
  const std::vector<float> threaded = values_of({"large", GetParam(), {copies, 3, 512}, many});
  std::vector<float> run(3 * 512);
  dequantize_blocks(GetParam(), raw, run);
  for (std::size_t i = 0; i < threaded.size(); i += run.size())
    ASSERT_EQ(std::memcmp(&threaded[i], run.data(), run.size() * sizeof(float)), 0) << "copy " << i / run.size();
}

INSTANTIATE_TEST_SUITE_P(AllTypes, GgufBlocks,
                         testing::ValuesIn(dtypes_with([](const DTypeLayout& type) { return !type.is_plain(); })),
                         [](const auto& param) { return std::string(layout(param.param).name); });

TEST(ToF32, ReadsHalvesAndBfloat16) {
  const std::vector<std::uint16_t> halves = {0x3c00, 0xc000, 0x0001};
  EXPECT_THAT(values_of({"halves", DType::F16, {3}, bytes_of(halves)}),
              ElementsAre(1.0f, -2.0f, std::ldexp(1.0f, -24)));
  const std::vector<std::uint16_t> bfloats = {0x3f80, 0xc000, 0x4049};
  EXPECT_THAT(values_of({"bfloats", DType::BF16, {3}, bytes_of(bfloats)}), ElementsAre(1.0f, -2.0f, 3.140625f));
}

/// Takes no more address space, which a thread's stack would need.
class NoMoreMemory {
 public:
  NoMoreMemory() {
    getrlimit(RLIMIT_AS, &before_);
    const rlimit lowered{1, before_.rlim_max};
    setrlimit(RLIMIT_AS, &lowered);
  }
  ~NoMoreMemory() { setrlimit(RLIMIT_AS, &before_); }
  NoMoreMemory(const NoMoreMemory&) = delete;
  NoMoreMemory& operator=(const NoMoreMemory&) = delete;

 private:
  rlimit before_{};
};

TEST(ToF32, ReadsAllWhereNoThreadCanBeStarted) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "AddressSanitizer itself needs the memory";
#endif
  const std::vector<std::uint16_t> ones(1 << 22, 0x3c00);  // f16
  const TensorView tensor{"ones", DType::F16, {1 << 22}, bytes_of(ones)};
  std::vector<float> values(tensor.count());
  {
    const NoMoreMemory limited;
    to_f32(tensor, values);
  }
  EXPECT_EQ(std::ranges::count(values, 1.0f), 1 << 22);
}

TEST(ToF32, RoundsDoubles) {
  const std::vector<double> doubles = {0.1, -1e300, std::numeric_limits<double>::quiet_NaN()};
  const std::vector<float> values = values_of({"doubles", DType::F64, {3}, bytes_of(doubles)});
  EXPECT_THAT(values, ElementsAre(0.1f, -INFINITY, testing::IsNan()));
}

TEST(ToF32, ReadsBytesThatAreNotAligned) {
  const std::string bytes = std::string(1, 'x').append(test::encoded(1.5f)).append(test::encoded(-2.0f));
  const auto unaligned = std::as_bytes(std::span(bytes)).subspan(1);
  EXPECT_THAT(values_of({"floats", DType::F32, {2}, unaligned}), ElementsAre(1.5f, -2.0f));
}

TEST(ToF32, ReadsAScalarAndAnEmptyTensor) {
  const std::vector<float> one = {7.0f};
  EXPECT_THAT(values_of({"scalar", DType::F32, {}, bytes_of(one)}), ElementsAre(7.0f));
  EXPECT_THAT(values_of({"empty", DType::F32, {0, 4}, {}}), ElementsAre());
}

TEST(ToF32, RefusesIntegersByName) {
  const std::vector<std::int64_t> positions = {0, 1};
  std::vector<float> values(2);
  const std::string message = test::error_of([&] {
    to_f32({"position_ids", DType::I64, {2}, bytes_of(positions)}, values);
  });
  EXPECT_THAT(message, HasSubstr("\"position_ids\" is stored as I64"));
}

}  // namespace
}  // namespace tertium
