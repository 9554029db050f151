#include "tertium/model/block.h"

#include "tertium/model/product.h"

namespace tertium {
namespace {

using at::Tensor;

/// Over the last dimension, in f32. Undefined weights stand for a family without this norm.
Tensor normalized(const Config& config, const Tensor& x, const NormWeights& norm) {
  if (!norm.weight.defined()) return x;
  const Tensor centered = config.norm == Norm::mean ? x - x.mean(-1, /*keepdim=*/true) : x;
  const Tensor mean_square = centered.square().mean(-1, /*keepdim=*/true);
  const Tensor scaled = centered * (mean_square + config.norm_eps).rsqrt_() * norm.weight;
  return norm.bias.defined() ? scaled + norm.bias : scaled;
}

Tensor project(const Tensor& x, const Linear& linear) { return product(x, linear.weight, linear.bias); }

/// Rotates each pair of x [R, heads, head_dim] by its row's angles; dimensions beyond the rotated ones stay.
Tensor rotated(const Rope& rope, const Tensor& x, const Rotation& rotation) {
  const std::int64_t half = rope.rotated / 2;
  const auto pairs = [&](std::int64_t side) {
    return rope.interleaved ? x.slice(-1, side, rope.rotated, 2) : x.narrow(-1, side * half, half);
  };
  const Tensor a = pairs(0), b = pairs(1);
  const Tensor turned_a = a * rotation.cos - b * rotation.sin, turned_b = b * rotation.cos + a * rotation.sin;
  const Tensor turned = rope.interleaved ? at::stack({turned_a, turned_b}, -1).flatten(-2) : at::cat({turned_a, turned_b}, -1);
  const std::int64_t rest = x.size(-1) - rope.rotated;
  return rest == 0 ? turned : at::cat({turned, x.narrow(-1, rope.rotated, rest)}, -1);
}

/// q or k [R, heads * head_dim] → [R, heads, head_dim], normalised and rotated.
Tensor placed(const Config& config, const Tensor& x, const NormWeights& norm, int rope, const Rotation& rotation) {
  const auto by_head = [&](const Tensor& rows) { return rows.view({rows.size(0), -1, config.head_dim}); };
  const Tensor heads = config.qk_norm == QkNorm::whole ? by_head(normalized(config, x, norm))
                                                       : normalized(config, by_head(x), norm);
  return rope == Layer::kNoRope ? heads : rotated(config.ropes[rope], heads, rotation);
}

Tensor attention(const Config& config, const BlockWeights& w, int b, const Tensor& x, const Rotation& rotation,
                 const Attend& attend) {
  const int rope = config.layers[b].rope;
  const at::ScalarType type = w.q.weight.scalar_type();
  const Tensor q = placed(config, project(x, w.q), w.q_norm, rope, rotation).to(type);  // [R, H, head_dim]
  const Tensor k = placed(config, project(x, w.k), w.k_norm, rope, rotation).to(type);  // [R, kv_heads, head_dim]
  const Tensor v = project(x, w.v).view({x.size(0), -1, config.head_dim}).to(type);
  return project(attend(b, q, k, v), w.o);
}

/// xIELU (arXiv 2411.13010): a parabola above 0, an exponential below, and a straight line through both.
Tensor xielu(const Tensor& x, const Xielu& curve) {
  const Tensor above = x * x * curve.positive;
  const Tensor below = (x.clamp_max(curve.nearest).expm1() - x) * curve.negative;
  return at::where(x > 0, above, below) + x * curve.slope;
}

Tensor activated(Activation activation, const Tensor& x, const Xielu& curve) {
  switch (activation) {
    case Activation::gelu:
      return at::gelu(x);
    case Activation::gelu_tanh:
      return at::gelu(x, "tanh");
    case Activation::relu:
      return at::relu(x);
    case Activation::xielu:
      return xielu(x, curve);
    default:
      return at::silu(x);
  }
}

Tensor mlp(const Config& config, const MlpWeights& w, const Xielu& curve, const Tensor& x) {
  const Tensor input = x.to(w.up.weight.scalar_type());  // once for both products
  const Tensor up = project(input, w.up);
  if (!w.gate.weight.defined()) return project(activated(config.activation, up, curve), w.down);
  return project(activated(config.activation, project(input, w.gate), curve) * up, w.down);
}

/// Each row through the experts that its router finds likeliest, weighted by how likely. [R, D] in f32.
Tensor mixture(const Config& config, const BlockWeights& w, const Tensor& x) {
  const auto [best, chosen] = at::softmax(at::linear(x, w.router), -1).topk(config.experts.per_row);
  const Tensor share = config.experts.renormalized ? best / best.sum(-1, /*keepdim=*/true) : best;
  Tensor sum = at::zeros_like(x);
  for (std::int64_t e = 0; e < config.experts.count; ++e) {
    const Tensor hits = (chosen == e).nonzero();  // [n, 2]: row, rank
    if (hits.size(0) == 0) continue;
    const Tensor rows = hits.select(1, 0);
    const Tensor weight = share.index({rows, hits.select(1, 1)}).unsqueeze(1);
    const Tensor out = mlp(config, w.experts[e], w.xielu, x.index_select(0, rows));
    sum.index_add_(0, rows, out * weight);
  }
  return sum;
}

Tensor soft_capped(const Tensor& x, double cap) { return cap == 0 ? x : (x / cap).tanh_() * cap; }

Tensor as_logits(const Config& config, const Tensor& products) {
  return soft_capped(config.logit_scale == 1 ? products : products * config.logit_scale, config.logit_softcap);
}

}  // namespace

Tensor embed(const Config& config, const Weights& weights, const Tensor& ids, const Tensor& positions) {
  // Hugging Face rounds this scale to the model's dtype; so do we.
  const Tensor scale =
      at::scalar_tensor(config.embedding_scale, at::kDouble).to(weights.embedding.scalar_type()).to(at::kFloat);
  Tensor x = weights.embedding.index_select(0, ids).to(at::kFloat) * scale;
  if (weights.positions.defined()) x = x + weights.positions.index_select(0, positions);
  return normalized(config, x, weights.embedding_norm);
}

Tensor run_block(const Config& config, const Weights& weights, int b, const Tensor& x, const Rotation& rotation,
                 const Attend& attend, const Tap& tap) {
  const BlockWeights& w = weights.blocks[b];
  const auto norm = [&](const Tensor& rows, const NormWeights& weight) { return normalized(config, rows, weight); };
  // What a half of the block adds to the stream.
  const auto added = [&](const Tensor& rows, const NormWeights& post_norm) {
    const Tensor normed = norm(rows, post_norm);
    return config.residual_scale == 1 ? normed : normed * config.residual_scale;
  };

  const Tensor normed = norm(x, w.attn_norm);
  const Tensor attended = attention(config, w, b, normed, rotation, attend);
  Tensor stream = x + tap({SiteKind::attn_out, b}, added(attended, w.attn_post_norm));
  if (!config.parallel) stream = tap({SiteKind::resid_mid, b}, stream);

  // Parallel: the MLP reads what attention read, through its own norm where it has one.
  const Tensor input = !config.parallel           ? norm(stream, w.mlp_norm)
                       : w.mlp_norm.weight.defined() ? norm(x, w.mlp_norm)
                                                     : normed;
  const Tensor transformed =
      config.layers[b].experts ? mixture(config, w, input) : mlp(config, w.mlp, w.xielu, input);
  return stream + tap({SiteKind::mlp_out, b}, added(transformed, w.mlp_post_norm));
}

Tensor final_norm(const Config& config, const Weights& weights, const Tensor& x) {
  return normalized(config, x, weights.final_norm);
}

Tensor logits(const Config& config, const Weights& weights, const Tensor& state, std::int64_t first,
              std::int64_t words) {
  return as_logits(config, product(state, weights.head.narrow(0, first, words)));
}

Tensor logits_of(const Config& config, const Weights& weights, const Tensor& state, const Tensor& ids) {
  // Few words, compared with each other: in f32, whatever the dtype.
  return as_logits(config, at::linear(state, weights.head.index_select(0, ids).to(at::kFloat)));
}

}  // namespace tertium
