// Numbers that leave a dtype's range, or are NaN, end a run with an error that names job and block. None may vanish on
// the way: in a softmax, a soft cap, a ReLU, a norm.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tertium/engine/engine.h"
#include "tertium/model/config.h"
#include "tests/support/changed_model.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using test::Changed;
using testing::AllOf;
using testing::HasSubstr;

const std::vector<std::int32_t> kIds = {5, 17, 40, 8, 23, 61, 9, 33};

std::vector<float> logits(const Engine& engine) {
  Job job{.name = "item 12", .strands = {{.tokens = kIds}}};
  job.readings.push_back({0, static_cast<int>(kIds.size()) - 1, Readout::logits, {}});
  return engine.run(job).readings[0];
}

/// The same of the log-probabilities of two words, which the vocabulary is summed for.
std::vector<float> log_probs(const Engine& engine) {
  Job job{.name = "item 12", .strands = {{.tokens = kIds}}};
  job.readings.push_back({0, static_cast<int>(kIds.size()) - 1, Readout::log_probs, {7, 8}});
  return engine.run(job).readings[0];
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(static_cast<double>(a[i]) - b[i]));
  return largest;
}

/// A change of weights that leaves the model the same, and takes what lies between out of f16's range.
struct Scaling {
  const char* name;
  const char* family;
  const char* up;
  const char* down;
  const char* where;  // the site that the error names
};

class F16Overflow : public testing::TestWithParam<Scaling> {
 protected:
  static constexpr float kFactor = 1e5;
  Engine load(const char* dtype) const {
    return Changed(GetParam().family).times(GetParam().up, kFactor).times(GetParam().down, 1 / kFactor).load(dtype);
  }
  Engine unchanged() const { return Changed(GetParam().family).load("f32"); }
};

INSTANTIATE_TEST_SUITE_P(
    Of, F16Overflow,
    testing::Values(Scaling{"keys", "llama", "k_proj", "q_proj", "z@"},
                    Scaling{"keys_of_soft_capped_scores", "gemma2", "k_proj", "q_proj", "z@"},
                    Scaling{"queries", "llama", "q_proj", "k_proj", "z@"},
                    Scaling{"values", "llama", "v_proj", "o_proj", "z@"},
                    Scaling{"a_gated_mlp", "llama", "up_proj", "down_proj", "mlp_out@"},
                    Scaling{"a_gelu_gated_mlp", "gemma", "up_proj", "down_proj", "mlp_out@"},
                    Scaling{"experts", "mixtral", "w3.weight", "w2.weight", "mlp_out@"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_P(F16Overflow, ChangesNothingInF32AndBf16) {
  const std::vector<float> expected = logits(unchanged());
  EXPECT_LT(largest_difference(logits(load("f32")), expected), 2e-4);
  EXPECT_LT(largest_difference(logits(load("bf16")), expected), 0.2);
}

TEST_P(F16Overflow, IsAnErrorInF16) {
  const Engine engine = load("f16");
  const std::string message = test::error_of([&] { logits(engine); });
  EXPECT_THAT(message, AllOf(HasSubstr("item 12: in block 0, "), HasSubstr(GetParam().where), HasSubstr("f16 holds no"),
                             HasSubstr("choose dtype f32 or bf16")));
}

/// Whatever overflows where it is made into half precision: the inputs of a ReLU become -infinity in every row here.
TEST(F16OverflowBeforeARelu, IsAnError) {
  constexpr float kHuge = 1e6;
  Changed model("xglm");
  model.key("activation_function", "relu")
      .tensors("final_layer_norm.bias", [](std::vector<float>& bias) { bias[0] = kHuge; })
      .tensors("fc1.weight", [](std::vector<float>& weight) {  // [mlp, 32]
        for (std::size_t i = 0; i < weight.size(); i += 32) weight[i] = -std::abs(weight[i]) / kHuge;
      });
  EXPECT_EQ(test::error_of([&] { logits(model.load("f32")); }), "");
  EXPECT_THAT(test::error_of([&] { logits(model.load("f16")); }), HasSubstr("block 0, mlp_out@0 is NaN or infinite"));
}

TEST(F16OverflowBehindTheBlocks, IsAnErrorEvenUnderASoftCap) {
  Changed model("gemma2");  // its logits are capped
  model.times("model.norm.weight", 1e6);
  EXPECT_EQ(test::error_of([&] { log_probs(model.load("f32")); }), "");
  const Engine half = model.load("f16");
  for (const auto& read : {logits, log_probs})
    EXPECT_THAT(test::error_of([&] { read(half); }), HasSubstr("item 12: behind the last block"));
}

TEST(F32Overflow, NamesBlockAndSite) {
  const Engine engine =
      Changed("llama").times("layers.1.mlp.down_proj", 1e38F).times("layers.1.mlp.up_proj", 1e30F).load("f32");
  EXPECT_THAT(test::error_of([&] { logits(engine); }),
              AllOf(HasSubstr("item 12: in block 1, mlp_out@1 is NaN or infinite"), HasSubstr("leave the item out")));
}

TEST(F32Overflow, OfTheStreamsLengthIsNoZeroInANorm) {
  const Engine engine = Changed("llama").times("layers.0.mlp.down_proj", 1e22F).load("f32");
  EXPECT_THAT(test::error_of([&] { logits(engine); }), HasSubstr("item 12: in block 1, q@1 is NaN or infinite"));
}

TEST(ADonorsValues, ThatAreNotFiniteAreNamed) {
  const Engine engine = Changed("llama").load("f32");
  for (const float fault : {NAN, INFINITY}) {
    std::vector<float> value(engine.model().config().hidden);
    value.back() = fault;
    const Job job{.name = "item 12", .strands = {{.tokens = kIds}}, .interventions = {{0, 3, {SiteKind::attn_out, 1}, value}}};
    EXPECT_EQ(test::error_of([&] { engine.run(job); }),
              "item 12: what is put in at attn_out@1 is NaN or infinite; leave the item out");
  }
}

}  // namespace
}  // namespace tertium
