#include "tertium/screening/plain_forward.h"

#include <bit>
#include <cmath>
#include <limits>

#include "tertium/base/error.h"
#include "tertium/model/config.h"
#include "tertium/model/weights.h"

namespace tertium {
namespace {

using at::Tensor;

/// x [R, in], weight [out, in] → [R, out] in f32. x is rounded to a weight in half precision.
Tensor multiplied(const Tensor& x, const Tensor& weight, const Tensor& bias = {}) {
  if (weight.scalar_type() == at::kFloat) return at::linear(x, weight, bias);
  const Tensor out = at::linear(x.to(weight.scalar_type()), weight).to(at::kFloat);
  return bias.defined() ? out + bias : out;
}

Tensor linear(const Tensor& x, const Linear& w) { return multiplied(x, w.weight.values(), w.bias); }

/// The outputs of all matrices of a stack, side by side.
Tensor linear(const Tensor& x, const Stack& stack) {
  std::vector<Tensor> outputs;
  for (const Linear& w : stack) outputs.push_back(linear(x, w));
  return at::cat(outputs, -1);
}

/// Over the last dimension. Undefined weights stand for a family without this norm.
Tensor normalized(const Config& config, const Tensor& x, const NormWeights& w) {
  if (!w.weight.defined()) return x;
  const Tensor centered = config.norm == Norm::mean ? x - x.mean(-1, /*keepdim=*/true) : x;
  const Tensor scaled = centered * (centered.square().mean(-1, /*keepdim=*/true) + config.norm_eps).rsqrt() * w.weight;
  return w.bias.defined() ? scaled + w.bias : scaled;
}

/// q or k, [T, H * head_dim], normalised as the family does → [T, H, head_dim].
Tensor normalized_heads(const Config& config, const Tensor& x, const NormWeights& w) {
  const auto by_head = [&](const Tensor& rows) { return rows.view({rows.size(0), -1, config.head_dim}); };
  return config.qk_norm == QkNorm::whole ? by_head(normalized(config, x, w)) : normalized(config, by_head(x), w);
}

/// Turns pairs of the leading dimensions of every head by position x frequency. x [T, H, head_dim]
Tensor rotated(const Tensor& x, const Rope& rope) {
  const std::int64_t length = x.size(0), half = rope.rotated / 2;
  const Tensor frequencies = at::tensor(inverse_frequencies(rope, static_cast<int>(length)));  // [half]
  const Tensor angles = at::arange(length, at::kFloat).view({-1, 1, 1}) * frequencies;         // [T, 1, half]
  const Tensor cos = angles.cos() * rope.attention_factor, sin = angles.sin() * rope.attention_factor;
  const Tensor turning = x.narrow(-1, 0, rope.rotated), staying = x.slice(-1, rope.rotated);
  // pairs [T, H, half]
  const Tensor a = rope.interleaved ? turning.slice(-1, 0, rope.rotated, 2) : turning.narrow(-1, 0, half);
  const Tensor b = rope.interleaved ? turning.slice(-1, 1, rope.rotated, 2) : turning.narrow(-1, half, half);
  const Tensor turned_a = a * cos - b * sin, turned_b = b * cos + a * sin;
  const Tensor turned =
      rope.interleaved ? at::stack({turned_a, turned_b}, -1).flatten(-2) : at::cat({turned_a, turned_b}, -1);
  return at::cat({turned, staying}, -1);
}

Tensor soft_capped(const Tensor& x, double cap) { return cap == 0 ? x : (x / cap).tanh() * cap; }

/// ALiBi (arXiv 2108.12409): what each head's scores lose with every position of distance, [H, 1, 1]. 2^(-8 i / n) for
/// i = 1..n where the number of heads n is a power of two; else that of the power below, then every second of the one
/// above.
Tensor alibi_slopes(int heads) {
  const auto below = static_cast<int>(std::bit_floor(static_cast<unsigned>(heads)));
  const Tensor exponents =
      at::cat({(at::arange(below) + 1) * (8.0 / below), (at::arange(heads - below) * 2 + 1) * (4.0 / below)});  // [H]
  return (exponents * -1).exp2().to(at::kFloat).view({-1, 1, 1});
}

/// What is added to the scores of queries and keys: -inf where a row may not look, and ALiBi's slope. [T, T], or
/// [H, T, T] with ALiBi
Tensor attention_bias(const Config& config, const Layer& layer, std::int64_t length) {
  const Tensor positions = at::arange(length);
  const Tensor distance = positions.unsqueeze(1) - positions;  // [queries, keys]
  const Tensor hidden = layer.window == 0 ? distance < 0 : (distance < 0).logical_or(distance >= layer.window);
  const Tensor causal = at::zeros({length, length}).masked_fill(hidden, -std::numeric_limits<float>::infinity());
  return config.alibi ? causal - alibi_slopes(config.heads) * distance : causal;
}

/// q [T, H, head_dim], k and v [T, kv_heads, head_dim] → what each head gathers, [T, H, head_dim].
Tensor attention(const Config& config, const Layer& layer, const Tensor& q, const Tensor& k, const Tensor& v) {
  const auto by_head = [&](const Tensor& x) {  // [H, T, head_dim]
    return x.repeat_interleave(config.heads / x.size(1), 1).transpose(0, 1);
  };
  const Tensor products = at::matmul(by_head(q), by_head(k).transpose(1, 2)) * config.attention_scale;  // [H, T, T]
  const Tensor scores = soft_capped(products, config.attention_softcap) + attention_bias(config, layer, q.size(0));
  return at::matmul(at::softmax(scores, -1), by_head(v)).transpose(0, 1);
}

/// xIELU (arXiv 2411.13010): a parabola above 0, an exponential below, and a straight line through both.
Tensor xielu(const Tensor& x, const Xielu& curve) {
  const Tensor above = x.square() * curve.positive;
  const Tensor below = (x.clamp_max(curve.nearest).expm1() - x) * curve.negative;
  return at::where(x > 0, above, below) + x * curve.slope;
}

Tensor activated(const Config& config, const Tensor& x, const Xielu& curve) {
  switch (config.activation) {
    case Activation::silu:
      return at::silu(x);
    case Activation::gelu:
      return at::gelu(x);
    case Activation::gelu_tanh:
      return at::gelu(x, "tanh");
    case Activation::relu:
      return at::relu(x);
    case Activation::xielu:
      return xielu(x, curve);
  }
  return x;
}

/// A product's outputs, and what stands beside it.
template <class Weight>
Tensor product_of(const Addition& addition, int b, Product which, const Tensor& x, const Weight& w) {
  const Tensor out = linear(x, w), more = addition ? addition(b, which, x) : Tensor();
  return more.defined() ? out + more : out;
}

/// The MLP of block `b`, or one of its experts: x [R, D] → [R, D]
Tensor mlp(const Config& config, const MlpWeights& w, const Xielu& curve, const Tensor& x, int b,
           const Addition& addition) {
  const Tensor inner = product_of(addition, b, Product::inner, x, w.inner);
  const auto down = [&](const Tensor& rows) { return product_of(addition, b, Product::down, rows, w.down); };
  if (!w.gated) return down(activated(config, inner, curve));
  const std::vector<Tensor> gate_up = inner.chunk(2, -1);
  return down(activated(config, gate_up[0], curve) * gate_up[1]);
}

/// Each row of x [T, D] through the experts that its router finds likeliest, weighted by how likely.
Tensor mixture(const Config& config, const BlockWeights& w, const Tensor& x) {
  const auto [best, chosen] = at::softmax(multiplied(x, w.router), -1).topk(config.experts.per_row);  // [T, per_row]
  const Tensor share = config.experts.renormalized ? best / best.sum(-1, /*keepdim=*/true) : best;
  Tensor sum = at::zeros_like(x);
  for (int e = 0; e < config.experts.count; ++e) {
    const Tensor own_share = (share * (chosen == e)).sum(-1, /*keepdim=*/true);  // [T, 1]
    const Tensor rows = (chosen == e).any(-1).nonzero().squeeze(-1);             // of which it is an expert
    const Tensor out = mlp(config, w.experts[e], w.xielu, x.index_select(0, rows), 0, {});
    sum = sum.index_add(0, rows, out * own_share.index_select(0, rows));
  }
  return sum;
}

/// What the heads of block `b` gather in each sequence by itself: q [R, H, head_dim], k and v [R, kv_heads, head_dim] → [R,
/// H, head_dim].
Tensor gathered(const Config& config, const Layer& layer, std::span<const std::int64_t> lengths, const Tensor& q,
                const Tensor& k, const Tensor& v) {
  std::vector<Tensor> all;
  std::int64_t first = 0;
  for (const std::int64_t length : lengths) {
    const auto own = [&](const Tensor& x) { return x.narrow(0, first, length); };
    const auto turned = [&](const Tensor& x) {
      return layer.rope == Layer::kNoRope ? own(x) : rotated(own(x), config.ropes[layer.rope]);
    };
    all.push_back(attention(config, layer, turned(q), turned(k), own(v)));
    first += length;
  }
  return at::cat(all);
}

/// Block `b`: the stream x [R, D] that enters it → the one that leaves it.
Tensor block(const Config& config, const BlockWeights& w, int b, std::span<const std::int64_t> lengths,
             const Tensor& entering, const Hook& hook, const Addition& addition) {
  const Layer& layer = config.layers[b];
  const Tensor x = hook({SiteKind::resid_pre, b}, entering);
  const auto added = [&](const Tensor& rows, const NormWeights& post_norm) {
    return normalized(config, rows, post_norm) * config.residual_scale;
  };

  const std::int64_t keys = config.kv_heads * config.head_dim;
  const std::vector<Tensor> qkv = product_of(addition, b, Product::qkv, normalized(config, x, w.attn_norm), w.qkv)
                                      .split_with_sizes({config.heads * config.head_dim, keys, keys}, -1);
  const Tensor q = hook({SiteKind::q, b}, normalized_heads(config, qkv[0], w.q_norm));
  const Tensor k = hook({SiteKind::k, b}, normalized_heads(config, qkv[1], w.k_norm));
  const Tensor v = hook({SiteKind::v, b}, qkv[2].view({x.size(0), config.kv_heads, config.head_dim}));
  const Tensor z = hook({SiteKind::z, b}, gathered(config, layer, lengths, q, k, v));  // [R, H, head_dim]
  const Tensor attn_out =
      hook({SiteKind::attn_out, b}, added(product_of(addition, b, Product::o, z.flatten(1), w.o), w.attn_post_norm));

  // Parallel: the MLP reads what attention read, through its own norm where it has one.
  const Tensor mid = config.parallel ? x + attn_out : hook({SiteKind::resid_mid, b}, x + attn_out);
  const NormWeights& mlp_norm = config.parallel && !w.mlp_norm.weight.defined() ? w.attn_norm : w.mlp_norm;
  const Tensor read = normalized(config, config.parallel ? x : mid, mlp_norm);
  const Tensor transformed = layer.experts ? mixture(config, w, read) : mlp(config, w.mlp, w.xielu, read, b, addition);
  const Tensor mlp_out = hook({SiteKind::mlp_out, b}, added(transformed, w.mlp_post_norm));
  return hook({SiteKind::resid_post, b}, mid + mlp_out);
}

}  // namespace

PlainForward::PlainForward(const Model& model, Addition addition, Products products)
    : model_(model), addition_(std::move(addition)) {
  if (model.precision() != Precision::f32 && products == Products::f32)
    fail("gradients need a model loaded with dtype f32, and this one is in {}; set dtype = \"f32\"",
         to_string(model.precision()));
}

Tensor PlainForward::stream(std::span<const std::int32_t> ids, const Hook& hook) const {
  Sequences one;
  one.add(ids);
  return through(embedded(one), one.lengths, 0, config().block_count(), hook);
}

Tensor PlainForward::embedded(const Sequences& sequences) const {
  const Weights& weights = model_.plain_weights();
  const Tensor tokens = at::tensor(sequences.ids);
  Tensor x = weights.embedding.rows(tokens) * static_cast<float>(config().embedding_scale);  // [R, D]
  if (weights.positions.defined()) {
    std::vector<Tensor> positions;
    for (const std::int64_t length : sequences.lengths) {
      if (length > weights.positions.size(0))
        fail("a sequence of {} tokens, but the model has {} positions; shorten the item", length,
             weights.positions.size(0));
      positions.push_back(weights.positions.narrow(0, 0, length));
    }
    x = x + at::cat(positions);
  }
  return normalized(config(), x, weights.embedding_norm);
}

Tensor PlainForward::through(const Tensor& x, std::span<const std::int64_t> lengths, int first, int end,
                             const Hook& hook) const {
  Tensor stream = x;
  for (int b = first; b < end; ++b)
    stream = block(config(), model_.plain_weights().blocks[b], b, lengths, stream, hook, addition_);
  return stream;
}

Tensor PlainForward::final_norm(const Tensor& stream) const {
  return normalized(config(), stream, model_.weights().final_norm);
}

Tensor PlainForward::logits(const Tensor& state) const {
  return soft_capped(multiplied(state, model_.plain_weights().head.values()) * config().logit_scale, config().logit_softcap);
}

}  // namespace tertium
