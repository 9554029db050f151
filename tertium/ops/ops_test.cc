#include "tertium/ops/ops.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tertium/ops/aten/attention_levels.h"
#include "tertium/ops/aten/fused_attention.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using at::Tensor;
using testing::HasSubstr;

const Ops& tuned() { return *ops_for({.device = "cpu", .kernels = "tuned"}); }
const Ops& aten() { return *ops_for({.device = "cpu", .kernels = "aten"}); }

constexpr at::ScalarType kTypes[] = {at::kFloat, at::kBFloat16, at::kHalf};

double tolerance(at::ScalarType type) { return type == at::kFloat ? 2e-5 : type == at::kHalf ? 4e-3 : 3e-2; }

void expect_near(const Tensor& a, const Tensor& b, double tolerance, const std::string& what) {
  ASSERT_EQ(a.sizes(), b.sizes()) << what;
  EXPECT_EQ(a.scalar_type(), b.scalar_type()) << what;
  EXPECT_LE((a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>(), tolerance) << what;
}

class OpsTest : public testing::Test {
 protected:
  OpsTest() { at::manual_seed(5); }
};

TEST_F(OpsTest, NormsAgreeWholeAndInParts) {
  const Tensor wide = at::randn({9, 40}) * 3 + 1, x = wide.narrow(1, 4, 24);  // rows of a longer row
  for (const at::ScalarType type : kTypes)
    for (const bool centered : {false, true})
      for (const std::int64_t parts : {1, 3})
        for (const bool own : {false, true})
          for (const bool biased : {false, true}) {
            if (biased && parts > 1) continue;
            const RowNorm norm{at::randn({own ? 24 : 24 / parts}), biased ? at::randn({24}) : Tensor(), centered, 1e-6,
                               parts};
            expect_near(tuned().normalized(x, norm, type), aten().normalized(x, norm, type), tolerance(type), "norm");
          }
  const Tensor same = x.clone();
  aten().normalize(same, {}, same);
  EXPECT_TRUE(at::equal(same, x)) << "no norm";
}

TEST_F(OpsTest, ProductsAndGatesAgree) {
  for (const at::ScalarType type : kTypes)
    for (const bool apart : {false, true})
      for (const Activation activation :
           {Activation::silu, Activation::gelu, Activation::gelu_tanh, Activation::relu, Activation::xielu}) {
        const Tensor x = at::randn({37, 48}).to(type), gate = (at::randn({64, 48}) * 0.2).to(type),
                     up = (at::randn({64, 48}) * 0.2).to(type), bias = at::randn({64}).to(type);
        const auto stack = [&](const Ops& ops) {
          return apart ? Stack{{ops.matrix({gate}, type), bias}, {ops.matrix({up}, type), bias}}
                       : Stack{{ops.matrix({gate, up}, type), {}}};
        };
        const Stack ours = stack(tuned()), theirs = stack(aten());
        const Curve curve{activation, {1.1, 0.8, 0.5, -1e-6}};
        expect_near(tuned().project(x, ours), aten().project(x, theirs), 1e-4, "project");
        expect_near(tuned().gated(x, ours, curve, type), aten().gated(x, theirs, curve, type), 4 * tolerance(type),
                    "gated");
        expect_near(tuned().product(x, ours.front().weight), aten().product(x, theirs.front().weight), 1e-4, "product");
      }
}

TEST_F(OpsTest, RotationsAgree) {
  constexpr std::int64_t kHeads = 3, kWidth = 16, kHalf = 6;
  for (const bool interleaved : {false, true}) {
    const Tensor x = at::randn({5, (kHeads + 2) * kWidth}), angles = at::randn({5, kHalf});
    const Rotation rotation{angles.cos(), angles.sin(), interleaved};
    const Tensor ours = at::empty_like(x), theirs = at::empty_like(x);
    tuned().rotate(x.clone(), kHeads, kWidth, rotation, ours);
    aten().rotate(x.clone(), kHeads, kWidth, rotation, theirs);
    expect_near(ours, theirs, 1e-6, "rotate");
    EXPECT_FALSE(at::equal(ours, x));
    EXPECT_TRUE(at::equal(ours.narrow(1, kHeads * kWidth, 2 * kWidth), x.narrow(1, kHeads * kWidth, 2 * kWidth)));
  }
}

/// Two tiles: one of rows 0 to 6, of which row 5 and 6 see 0 to 2 and themselves; one of rows 7 and 8 behind a past.
struct Tiled {
  std::vector<Tile> tiles{{.queries = {0, 1, 2, 3, 4, 5, 6}, .keys = {0, 1, 2, 3, 4, 5, 6}},
                          {.queries = {7, 8}, .past_rows = 5, .keys = {7, 8}}};
  std::vector<std::int64_t> positions{0, 1, 2, 3, 4, 3, 4, 5, 6};

  Tiled() {
    for (std::int64_t q = 0; q < 5; ++q) tiles[0].seen.push_back({{0, q + 1, 0}});
    for (std::int64_t q = 5; q < 7; ++q) tiles[0].seen.push_back({{0, 3, 0}, {5, q + 1, 3}});
    for (std::int64_t q = 0; q < 2; ++q) tiles[1].seen.push_back({{0, 5, 0}, {5, 6 + q, 5}});
  }
};

TEST_F(OpsTest, AttentionAgreesUnderWindowsCapsAndDistances) {
  constexpr std::int64_t kHeads = 6, kKeyHeads = 2, kHeadDim = 16;
  const Tiled tiled;
  for (const at::ScalarType type : kTypes)
    for (const int window : {0, 3})
      for (const double cap : {0.0, 5.0})
        for (const bool alibi : {false, true}) {
          AttentionTensors tensors{.tiles = std::vector<TileTensors>(tiled.tiles.size()), .levels = {}};
          // Blocks with more live rows and with fewer.
          for (const std::int64_t live : {9, 4}) {
            const Tensor qkv = at::randn({live, (kHeads + 2 * kKeyHeads) * kHeadDim}).to(type);
            const Tensor past = at::randn({5, 2 * kKeyHeads * kHeadDim}).to(type);
            const auto run = [&](const Ops& ops) {
              const Tensor kept = past.to(ops.attention_type(kHeadDim, type));
              const std::vector<PastRows> pasts = {{}, {{&kept, 0, 2}, {&kept, 2, 3}}};
              return ops.attend({.heads = kHeads,
                                 .kv_heads = kKeyHeads,
                                 .head_dim = kHeadDim,
                                 .scale = 0.25,
                                 .softcap = cap,
                                 .alibi = alibi,
                                 .window = window,
                                 .live = live,
                                 .tiles = tiled.tiles,
                                 .pasts = pasts,
                                 .positions = tiled.positions,
                                 .tensors = &tensors},
                                qkv);
            };
            expect_near(run(tuned()), run(aten()), tolerance(type),
                        fmt::format("window {}, cap {}, alibi {}, live {}", window, cap, alibi, live));
          }
        }
}

TEST_F(OpsTest, AttentionWithoutMasksAgrees) {
  const Tiled tiled;
  AttentionTensors fused{.tiles = {}, .levels = {}}, masked{.tiles = std::vector<TileTensors>(2), .levels = {}};
  for (const std::int64_t live : {9, 6, 4, 9}) {
    const Tensor qkv = at::randn({live, 10 * 16}), past = at::randn({5, 4 * 16});
    const std::vector<PastRows> pasts = {{}, {{&past, 0, 2}, {&past, 2, 3}}};
    Attention attention{.heads = 6,
                        .kv_heads = 2,
                        .head_dim = 16,
                        .scale = 0.25,
                        .window = 7,
                        .live = live,
                        .tiles = tiled.tiles,
                        .pasts = pasts,
                        .positions = tiled.positions,
                        .tensors = &fused};
    EXPECT_FALSE(aten::windows_cut(attention));
    const Tensor ours = aten::fused_attend(aten(), attention, qkv);
    attention.tensors = &masked;
    expect_near(ours, aten().attend(attention, qkv), 2e-6, fmt::format("live {}", live));
    EXPECT_TRUE(aten::may_fuse(attention, qkv.to(at::kBFloat16)));
    EXPECT_FALSE(aten::may_fuse(attention, qkv)) << "the kernels know no f32";
    attention.softcap = 5;
    EXPECT_FALSE(aten::may_fuse(attention, qkv.to(at::kBFloat16)));
    attention.softcap = 0, attention.window = 6;
    EXPECT_EQ(aten::windows_cut(attention), live == 9) << "a row stands at position 6";
  }
}

TEST_F(OpsTest, LevelsHoldWhatRowsShareOnce) {
  const Tiled tiled;
  const aten::Levels levels = aten::levels_of({.live = 9, .tiles = tiled.tiles, .positions = tiled.positions});
  EXPECT_THAT(levels.own.queries, testing::ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_THAT(levels.own.keys, testing::ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_THAT(levels.own.query_ends, testing::ElementsAre(0, 5, 7, 9));
  ASSERT_EQ(levels.before.size(), 1u);
  EXPECT_THAT(levels.before[0].queries, testing::ElementsAre(5, 6, 7, 8));
  EXPECT_THAT(levels.before[0].keys, testing::ElementsAre(0, 1, 2, 9, 10, 11, 12, 13)) << "past rows come last";
  EXPECT_THAT(levels.before[0].query_ends, testing::ElementsAre(0, 2, 4));
  EXPECT_THAT(levels.before[0].key_ends, testing::ElementsAre(0, 3, 8));
}

/// log(sum(exp(x))) of each row, `at_once` words after the other.
Tensor log_sum_exp(const Ops& ops, const Tensor& x, std::int64_t at_once) {
  const Tensor sums = at::full({x.size(0)}, -INFINITY, at::kDouble);
  for (const Tensor& words : x.split(at_once, 1)) ops.add_log_sum_exp(words.clone(), sums);
  return sums;
}

TEST_F(OpsTest, LogSumExpIsTheSameInAllPieces) {
  const Tensor x = at::randn({3, 5000}) * 4, all = log_sum_exp(tuned(), x, 5000);
  expect_near(all, at::logsumexp(x.to(at::kDouble), 1), 1e-6, "exact");
  expect_near(log_sum_exp(aten(), x, 2048), all, 1e-5, "aten");
  EXPECT_TRUE(at::equal(log_sum_exp(tuned(), x, 2048), all)) << "to the bit";
}

TEST_F(OpsTest, ReadingsAgree) {
  const Tensor x = at::randn({7, 300}) * 4;
  const std::vector<TopTwo> ours = tuned().top_two(x), theirs = aten().top_two(x);
  for (std::size_t row = 0; row < ours.size(); ++row) {
    EXPECT_EQ(ours[row].word, theirs[row].word);
    EXPECT_EQ(ours[row].value, theirs[row].value);
    EXPECT_EQ(ours[row].next, theirs[row].next);
  }
}

TEST_F(OpsTest, PartsOfARowJoinToItsTopTwo) {
  TopTwo all;
  all.join({3, 1.0f, 0.5f}, 0);
  all.join({0, 4.0f, 2.0f}, 100);
  all.join({7, 3.0f, 2.5f}, 200);
  EXPECT_EQ(all.word, 100);
  EXPECT_EQ(all.value, 4.0f);
  EXPECT_EQ(all.next, 3.0f);
  all.join({1, NAN, 0.0f}, 300);
  all.join({1, 9.0f, 0.0f}, 400);
  EXPECT_TRUE(std::isnan(all.value)) << "a NaN stays";
}

TEST_F(OpsTest, WhatIsNotFiniteIsNeverLost) {
  for (const Ops* ops : {&tuned(), &aten()})
    for (const float bad : {NAN, INFINITY, -INFINITY}) {
      Tensor x = at::randn({3, 32});
      x[1][7] = bad;
      const RowNorm norm{at::ones({32}), {}, false, 1e-6};
      EXPECT_FALSE(ops->normalized(x, norm)[1].isfinite().any().item<bool>()) << ops->kernels() << bad;
      EXPECT_TRUE(ops->normalized(x, norm)[0].isfinite().all().item<bool>());
      EXPECT_FALSE(std::isfinite(log_sum_exp(*ops, x, 16)[1].item<double>())) << ops->kernels() << bad;
      const Matrix weight = ops->matrix({at::randn({8, 32})}, at::kFloat);
      const Linear linear{weight, {}};
      EXPECT_FALSE(ops->project(x, {&linear, 1})[1].isfinite().any().item<bool>()) << ops->kernels() << bad;
      Tensor qkv = at::randn({1, 3 * 32});
      qkv[0][40] = bad;  // in its key: its one score is not finite
      const std::vector<Tile> tiles = {{.queries = {0}, .keys = {0}, .seen = {{{0, 1, 0}}}}};
      const std::vector<PastRows> pasts(1);
      const std::vector<std::int64_t> positions = {0};
      AttentionTensors tensors{.tiles = std::vector<TileTensors>(1), .levels = {}};
      for (const double cap : {0.0, 5.0}) {
        const Tensor gathered = ops->attend({.heads = 1,
                                             .kv_heads = 1,
                                             .head_dim = 32,
                                             .softcap = cap,
                                             .live = 1,
                                             .tiles = tiles,
                                             .pasts = pasts,
                                             .positions = positions,
                                             .tensors = &tensors},
                                            qkv);
        EXPECT_FALSE(gathered.isfinite().any().item<bool>()) << ops->kernels() << bad;
      }
    }
}

TEST_F(OpsTest, WhatIsNotThereIsNamed) {
  EXPECT_THAT(test::error_of([] { ops_for({.device = "tpu"}); }),
              HasSubstr("device \"tpu\": tertium knows auto, cpu, cuda and cuda:0 to cuda:9"));
  EXPECT_THAT(test::error_of([] { ops_for({.kernels = "fast"}); }),
              HasSubstr("kernels \"fast\": tertium knows auto, tuned, aten"));
  EXPECT_EQ(ops_for({.device = "cpu"}), ops_for({.device = "cpu"})) << "the same choice is the same object";
  if (ops_for({})->device().is_cuda()) GTEST_SKIP() << "SKIPPED: this machine has a GPU";
  const std::string none = test::error_of([] { ops_for({.device = "cuda"}); });
  EXPECT_THAT(none, HasSubstr("device cuda: "));
  EXPECT_THAT(none, HasSubstr("; or run with --device cpu"));
}

}  // namespace
}  // namespace tertium
