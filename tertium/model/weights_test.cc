#include "tertium/model/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tertium/base/text.h"
#include "tertium/formats/half.h"
#include "tertium/model/checkpoint.h"
#include "tertium/model/placement.h"
#include "tests/support/files.h"
#include "tests/support/tiny_model.h"

namespace tertium {
namespace {

using test::error_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kDown = "model.layers.0.mlp.down_proj.weight";

/// One more tensor of a file, with the memory of its numbers.
struct Stored {
  TensorView view;
  std::shared_ptr<const std::vector<std::byte>> memory;
};

template <class Number>
Stored stored(const std::string& name, DType dtype, std::vector<std::int64_t> shape, const std::vector<Number>& numbers) {
  const auto bytes = std::as_bytes(std::span(numbers));
  const auto memory = std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
  return {{name, dtype, std::move(shape), *memory}, memory};
}

class F8Weights : public test::FolderTest {
 protected:
  test::TinyModel tiny{.blocks = 1, .words = {"a", "b"}};

  std::vector<std::uint8_t> random_f8(std::int64_t count) const {
    std::vector<std::uint8_t> bytes(count);
    for (std::int64_t i = 0; i < count; ++i) bytes[i] = static_cast<std::uint8_t>(i * 37 % 0x7f | (i % 3 == 0 ? 0x80 : 0));
    return bytes;
  }

  /// The model's folder with some tensors replaced or added.
  std::filesystem::path write(const std::vector<Stored>& changes) const {
    const auto from = folder / "plain", to = folder / "model";
    write_tiny_model(from, tiny);
    write_tiny_model(to, tiny);
    const Safetensors file(from / "model.safetensors");
    std::vector<TensorView> tensors;
    for (const TensorView& tensor : file.tensors())
      if (std::ranges::find(changes, tensor.name, [](const Stored& s) { return s.view.name; }) == changes.end())
        tensors.push_back(tensor);
    for (const Stored& change : changes) tensors.push_back(change.view);
    std::filesystem::remove(to / "model.safetensors");
    write_safetensors(to / "model.safetensors", tensors);
    return to;
  }

  Weights load(const std::vector<Stored>& changes) const {
    const auto checkpoint = std::make_shared<Checkpoint>(write(changes));
    return load_weights(checkpoint, Precision::f32, Placement({}, checkpoint->config(), Precision::f32));
  }

  /// The MLP's last matrix in F8 under a scale.
  std::vector<Stored> down_in_f8(const std::vector<std::uint8_t>& weights, const std::vector<std::int64_t>& scale_shape,
                                 const std::vector<float>& scale) const {
    return {stored(kDown, DType::F8_E4M3, {tiny.width, tiny.mlp}, weights),
            stored(std::string(kDown) + "_scale_inv", DType::F32, scale_shape, scale)};
  }
};

// As in checkpoints of real size: blocks of 128 x 128 and 16,384 inputs make one scale a row, as far as numbers go.
TEST_F(F8Weights, AsManyBlocksAsRowsAreBlocks) {
  tiny.width = 128, tiny.mlp = 16384;
  tiny.config["quantization_config"] = {{"quant_method", "fp8"}, {"weight_block_size", {128, 128}}};
  const std::vector<std::uint8_t> f8 = random_f8(std::int64_t{tiny.width} * tiny.mlp);
  std::vector<float> scale(128);
  for (int i = 0; i < 128; ++i) scale[i] = 0.001f * static_cast<float>(i + 1);
  const Weights weights = load(down_in_f8(f8, {1, 128}, scale));
  const at::Tensor& down = weights.blocks[0].mlp.down.weight.values();
  const auto values = down.accessor<float, 2>();
  for (int row = 0; row < tiny.width; row += 9)
    for (int column = 0; column < tiny.mlp; ++column)
      ASSERT_EQ(values[row][column], f8_e4m3_to_float(f8[row * tiny.mlp + column]) * scale[column / 128])
          << row << ", " << column;
}

TEST_F(F8Weights, AScaleThatFitsInNoWayOrInTwoIsRefusedByName) {
  const std::vector<std::uint8_t> f8 = random_f8(std::int64_t{tiny.width} * tiny.mlp);  // 16 x 24
  tiny.config["quantization_config"] = {{"quant_method", "fp8"}, {"weight_block_size", {8, 8}}};
  EXPECT_THAT(error_of([&] { load(down_in_f8(f8, {16, 1}, std::vector<float>(16, 1))); }),
              AllOf(HasSubstr("down_proj.weight_scale_inv\" of the shape [16, 1] scales one of [16, 24] in no way")));
  const nlohmann::json eight = {{"strategy", "block"}, {"block_structure", {8, 8}}},
                       nine = {{"strategy", "block"}, {"block_structure", {9, 9}}};
  tiny.config["quantization_config"] = {
      {"quant_method", "compressed-tensors"},
      {"config_groups", {{"a", {{"weights", eight}}}, {"b", {{"weights", nine}}}}}};
  EXPECT_THAT(error_of([&] { load(down_in_f8(f8, {2, 3}, std::vector<float>(6, 1))); }), HasSubstr("in more than one way"));
}

TEST_F(F8Weights, ScalesOfAKvCacheAndOfActivationsAreLeftAsideAndListed) {
  const std::vector<std::uint8_t> f8 = random_f8(std::int64_t{tiny.width} * tiny.mlp);
  std::vector<Stored> changes = down_in_f8(f8, {}, {0.5f});
  for (const char* name : {"self_attn.k_scale", "self_attn.v_scale", "mlp.down_proj.input_scale"})
    changes.push_back(stored("model.layers.0." + std::string(name), DType::F32, {1}, std::vector<float>{3}));
  const Weights weights = load(changes);
  EXPECT_EQ(weights.blocks[0].mlp.down.weight.values()[1][2].item<float>(), f8_e4m3_to_float(f8[tiny.mlp + 2]) / 2);
  EXPECT_THAT(Checkpoint(folder / "model").left_aside(),
              ElementsAre(HasSubstr("keys and values are not quantized here (2 tensors, such as model.layers.0.self_attn.k_"),
                          HasSubstr("activations are not quantized here (1 tensors, such as model.layers.0.mlp.")));
}

TEST_F(F8Weights, SuchScalesBesidePlainWeightsAreSuperfluous) {
  EXPECT_THAT(error_of([&] { load({stored("model.layers.0.self_attn.k_scale", DType::F32, {1}, std::vector<float>{3})}); }),
              HasSubstr("self_attn.k_scale\" has no place in the family llama"));
}

TEST_F(F8Weights, WithoutANumberForEachBlockThereIsAnErrorAndNoCrash) {
  const std::vector<std::uint8_t> f8 = random_f8(std::int64_t{tiny.width} * tiny.mlp);
  const Stored weight = stored(kDown, DType::F8_E4M3, {tiny.width, tiny.mlp}, f8);
  EXPECT_THAT(error_of([&] { load({weight}); }), HasSubstr("is F8 without a scale beside it"));
  EXPECT_THAT(error_of([&] { load(down_in_f8(f8, {0, std::int64_t{1} << 62}, {})); }), HasSubstr("in no way"));
  EXPECT_THAT(error_of([&] {
                load({weight, stored(std::string(kDown) + "_scale", DType::I64, {1}, std::vector<std::int64_t>{1})});
              }),
              HasSubstr("down_proj.weight_scale\" is stored as I64"));
  EXPECT_THAT(error_of([&] {
                load({stored("model.norm.weight", DType::F8_E4M3, {tiny.width}, random_f8(tiny.width)),
                      stored("model.norm.weight_scale", DType::F32, {1}, std::vector<float>{1})});
              }),
              HasSubstr("\"model.norm.weight\" is F8, but no matrix"));
}

}  // namespace
}  // namespace tertium
