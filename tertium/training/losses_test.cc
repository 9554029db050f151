#include "tertium/training/losses.h"

#include <gtest/gtest.h>

#include <ATen/core/grad_mode.h>

#include <cmath>
#include <filesystem>

#include "tertium/engine/engine.h"
#include "tertium/model/checkpoint.h"
#include "tests/support/files.h"
#include "tests/support/random_adapter.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using at::Tensor;

fs::path fixtures() { return test::source_folder() / "tests/fixtures"; }

/// -1/B sum_j log softmax_i(cos(a_j, b_i) / temperature)[i = j], as it is written.
double by_hand(const Tensor& a, const Tensor& b, double temperature) {
  const std::int64_t n = a.size(0);
  const auto cosine = [&](std::int64_t j, std::int64_t i) {
    const Tensor x = a[j].to(at::kDouble), y = b[i].to(at::kDouble);
    return (x.dot(y) / (x.norm() * y.norm())).item<double>();
  };
  double sum = 0;
  for (std::int64_t j = 0; j < n; ++j) {
    double all = 0;
    for (std::int64_t i = 0; i < n; ++i) all += std::exp(cosine(j, i) / temperature);
    sum -= std::log(std::exp(cosine(j, j) / temperature) / all);
  }
  return sum / static_cast<double>(n);
}

TEST(AlignmentLoss, IsTheCrossEntropyOfCosinesInOneDirectionOrBoth) {
  const Tensor a = at::randn({5, 7}), b = at::randn({5, 7}) + a;
  EXPECT_NEAR(alignment_loss({.temperature = 0.1}, a, b).item<double>(), by_hand(a, b, 0.1), 1e-5);
  EXPECT_NEAR(alignment_loss({.temperature = 0.5, .both_directions = true}, a, b).item<double>(),
              (by_hand(a, b, 0.5) + by_hand(b, a, 0.5)) / 2, 1e-5);
}

TEST(AlignmentLoss, ItsGradientReachesBothSidesOrXOnly) {
  const at::AutoGradMode mode(true);
  for (const bool x_only : {false, true}) {
    const Tensor a = at::randn({4, 6}).requires_grad_(), b = at::randn({4, 6}).requires_grad_();
    alignment_loss({.gradient_to_x_only = x_only}, a, b).backward();
    EXPECT_GT(a.grad().abs().max().item<double>(), 0);
    EXPECT_EQ(b.grad().defined(), !x_only);
  }
}

TEST(SentenceStates, AreMeansOrLastRows) {
  const Tensor rows = at::arange(10, at::kFloat).view({5, 2});
  const std::vector<std::int64_t> lengths = {2, 3};
  EXPECT_TRUE(at::equal(sentence_states(rows, lengths, SentenceState::last), at::tensor({2.f, 3.f, 8.f, 9.f}).view({2, 2})));
  EXPECT_TRUE(at::equal(sentence_states(rows, lengths, SentenceState::mean), at::tensor({1.f, 2.f, 6.f, 7.f}).view({2, 2})));
}

/// Every family, from both kinds of files: an adapter beside the weights does what it does in them.
class LiveAdapters : public testing::TestWithParam<const char*> {};

TEST_P(LiveAdapters, BesideTheWeightsDoWhatTheyDoInThem) {
  const fs::path model = fixtures() / GetParam();
  const test::TempFolder folder;
  test::RandomAdapter::of(model).write(folder.path() / "adapter");
  const std::vector<std::int32_t> ids = {2, 5, 3, 4, 2, 5, 7};
  const Model merged = Model::load(model, "f32", folder.path() / "adapter"), plain = Model::load(model, "f32");
  const LiveAdapter live = LiveAdapter::read(plain, Adapter(folder.path() / "adapter"));
  const at::AutoGradMode none(false);
  const Hook look = [](Site, const Tensor& x) { return x; };
  const PlainForward in(merged), beside(plain, live.addition(false)), without(plain);
  const Tensor wanted = in.logits(in.final_norm(in.stream(ids, look)));
  EXPECT_LE((beside.logits(beside.final_norm(beside.stream(ids, look))) - wanted).abs().max().item<double>(), 1e-4);
  EXPECT_GE((without.logits(without.final_norm(without.stream(ids, look))) - wanted).abs().max().item<double>(), 1e-2);
}

INSTANTIATE_TEST_SUITE_P(
    Families, LiveAdapters,
    testing::Values("golden/llama", "golden/phi3", "golden/gpt_neox", "golden/bloom", "golden/gpt2", "golden/xglm",
                    "golden/cohere", "golden/gemma2", "golden/olmo2", "golden/apertus",
                    "golden_gguf/llama-00001-of-00003.gguf", "golden_gguf/phi3.gguf", "golden_gguf/gpt_neox.gguf",
                    "golden_gguf/bloom.gguf", "golden_gguf/gpt2.gguf", "golden_gguf/granite.gguf"),
    [](const auto& info) {
      std::string name = info.param;
      for (char& c : name)
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
      return name;
    });

/// Half-precision products round; losses and gradients are those of f32 but for that.
TEST(HalfPrecisionProducts, GiveNearlyTheLossesAndGradientsOfF32) {
  for (const char* family : {"gemma3", "phi3", "gpt2"}) {
    const fs::path path = fixtures() / "golden" / family;
    const test::TempFolder folder;
    test::RandomAdapter::of(path).write(folder.path() / "adapter");
    const std::vector<TokenPair> pairs = {{{2, 5, 3, 4}, {2, 6, 7}}, {{2, 9, 8}, {2, 3, 3, 5, 4}}, {{2, 4}, {2, 8, 9}}};
    const TokenText text{.ids = {2, 5, 3, 4, 2, 5, 7}, .prompt = 2};
    std::vector<double> losses;
    std::vector<Tensor> gradients;
    for (const char* dtype : {"f32", "bf16"}) {
      const Model model = Model::load(path, dtype, {}, {.device = "cpu", .kernels = "aten"});
      const LiveAdapter live = LiveAdapter::read(model, Adapter(folder.path() / "adapter"));
      LossRunner runner(model, live, /*recompute=*/false);
      std::vector<const TokenPair*> of_pairs;
      for (const TokenPair& pair : pairs) of_pairs.push_back(&pair);
      const TokenText* const texts[] = {&text};
      losses.push_back(runner.align({.layer = 2}, of_pairs, 1, 1));
      losses.push_back(runner.task(texts, 1, 1));
      std::vector<Tensor> all;
      for (const auto& [name, values] : live.parameters()) {
        EXPECT_EQ(values.scalar_type(), at::kFloat) << name;
        if (values.grad().defined()) all.push_back(values.grad().flatten());
      }
      gradients.push_back(at::cat(all));
    }
    EXPECT_NEAR(losses[2], losses[0], 0.02 * losses[0]) << family;
    EXPECT_NEAR(losses[3], losses[1], 0.02 * losses[1]) << family;
    EXPECT_NE(losses[3], losses[1]) << family << " was not rounded";
    const double cosine = gradients[0].dot(gradients[1]).item<double>() /
                          (gradients[0].norm().item<double>() * gradients[1].norm().item<double>());
    EXPECT_GT(cosine, 0.99) << family;
  }
}

TEST(PackedSequences, GiveWhatEachGivesAlone) {
  for (const char* family : {"gemma3", "bloom", "gpt2", "rope_dynamic"}) {
    const PlainForward forward(Model::load(fixtures() / "golden" / family, "f32"));
    const at::AutoGradMode none(false);
    const Hook look = [](Site, const Tensor& x) { return x; };
    const std::vector<std::int32_t> a = {2, 5, 3, 4, 7, 6}, b = {9, 2, 2};
    Sequences both;
    both.add(a);
    both.add(b);
    const Tensor packed = forward.through(forward.embedded(both), both.lengths, 0, forward.config().block_count(), look);
    const Tensor alone = at::cat({forward.stream(a, look), forward.stream(b, look)});
    EXPECT_LE((packed - alone).abs().max().item<double>(), 1e-5) << family;
  }
}

}  // namespace
}  // namespace tertium
