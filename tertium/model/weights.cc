#include "tertium/model/weights.h"

#include <algorithm>
#include <cstdint>

#include "tertium/model/config.h"
#include "tertium/model/placement.h"
#include "tertium/ops/ops.h"

namespace tertium {

at::ScalarType scalar_type(Precision precision) {
  switch (precision) {
    case Precision::bf16:
      return at::kBFloat16;
    case Precision::f16:
      return at::kHalf;
    default:
      return at::kFloat;
  }
}

Weights plain(const Weights& weights) {
  const auto unpack = [](Matrix& matrix) {
    if (matrix.packed.defined()) matrix.plain = matrix.values(), matrix.packed.reset();
  };
  const auto unpack_all = [&](Stack& stack) {
    for (Linear& linear : stack) unpack(linear.weight);
  };
  const auto unpack_mlp = [&](MlpWeights& mlp) {
    unpack_all(mlp.inner);
    unpack(mlp.down.weight);
  };
  Weights all = weights;
  const bool tied = all.head.packed.defined() && all.head.packed.is_same(all.embedding.packed);
  unpack(all.embedding);
  tied ? void(all.head = all.embedding) : unpack(all.head);
  for (BlockWeights& block : all.blocks) {
    unpack_all(block.qkv);
    unpack(block.o.weight);
    unpack_mlp(block.mlp);
    for (MlpWeights& expert : block.experts) unpack_mlp(expert);
  }
  return all;
}

Weights random_weights(const Config& config, Precision precision, const Placement& placement) {
  const at::ScalarType type = scalar_type(precision),
                       stored = type == at::kFloat ? at::kBFloat16 : type;  // as most files that are run in f32
  // Drawing billions of numbers takes minutes; a million, over and over, is as good for timing.
  constexpr std::int64_t kDrawn = 1 << 20;
  const at::Tensor drawn = (at::randn({kDrawn}) * 0.02).to(stored);
  const auto matrix = [&](std::int64_t out, std::int64_t in) {
    at::Tensor all = at::empty({out, in}, stored);
    at::Tensor flat = all.view({-1});
    for (std::int64_t first = 0; first < flat.numel(); first += kDrawn)
      flat.slice(0, first, first + kDrawn).copy_(drawn.narrow(0, 0, std::min(kDrawn, flat.numel() - first)));
    return all;
  };
  const auto norm_at = [&](int block) { return NormWeights{placement.of(block).here(at::ones({config.hidden})), {}}; };
  const std::int64_t queries = std::int64_t{config.heads} * config.head_dim,
                     keys = std::int64_t{config.kv_heads} * config.head_dim;
  Weights weights;
  const at::Tensor embedding = matrix(config.vocabulary, config.hidden);
  weights.embedding = placement.of(0).matrix({embedding}, type);
  for (int b = 0; b < config.block_count(); ++b) {
    const NormWeights norm = norm_at(b);
    const auto linear = [&](std::int64_t out, std::int64_t in) {
      return Linear{placement.of(b).matrix({matrix(out, in)}, type), {}};
    };
    weights.blocks.push_back({.attn_norm = norm,
                              .qkv = {linear(queries + 2 * keys, config.hidden)},
                              .o = linear(config.hidden, queries),
                              .mlp_norm = norm,
                              .mlp = {.inner = {linear(2 * std::int64_t{config.mlp}, config.hidden)},
                                      .gated = true,
                                      .down = linear(config.hidden, config.mlp)}});
  }
  weights.final_norm = norm_at(config.block_count());
  const Ops &first = placement.of(0), &last = placement.of(config.block_count());
  weights.head = config.tied && &first == &last
                     ? weights.embedding
                     : last.matrix({config.tied ? embedding : matrix(config.vocabulary, config.hidden)}, type);
  return weights;
}

}  // namespace tertium
