#include "tertium/model/block.h"

#include <algorithm>
#include <span>

#include "tertium/model/config.h"

namespace tertium {
namespace {

using at::Tensor;

RowNorm norm_of(const Config& config, const NormWeights& norm) {
  return {norm.weight, norm.bias, config.norm == Norm::mean, config.norm_eps};
}

/// The norm of q or k of some heads.
RowNorm norm_of_heads(const Config& config, const NormWeights& norm, std::int64_t heads) {
  RowNorm all = norm_of(config, norm);
  all.parts = config.qk_norm == QkNorm::whole ? 1 : heads;
  return all;
}

Curve curve_of(const Config& config, const BlockWeights& w) { return {config.activation, w.xielu}; }

/// x [R, D] → [R, D] in f32.
Tensor mlp(const Ops& ops, const MlpWeights& w, const Curve& curve, const Tensor& x) {
  const at::ScalarType type = w.down.weight.type;
  const Tensor inner =  // [R, mlp]
      w.gated ? ops.gated(x, w.inner, curve, type) : activated(curve, ops.project(x, w.inner)).to(type);
  return ops.project(inner, {&w.down, 1});
}

/// Each row through the experts that its router finds likeliest, weighted by how likely. [R, D] in f32.
Tensor mixture(const Ops& ops, const Config& config, const BlockWeights& w, const Tensor& x) {
  const auto [best, chosen] = at::softmax(at::linear(x, w.router), -1).topk(config.experts.per_row);
  const Tensor share = config.experts.renormalized ? best / best.sum(-1, /*keepdim=*/true) : best;
  Tensor sum = at::zeros_like(x);
  for (std::int64_t e = 0; e < config.experts.count; ++e) {
    const Tensor hits = (chosen == e).nonzero();  // [n, 2]: row, rank
    if (hits.size(0) == 0) continue;
    const Tensor rows = hits.select(1, 0);
    const Tensor weight = share.index({rows, hits.select(1, 1)}).unsqueeze(1);
    const Tensor out = mlp(ops, w.experts[e], curve_of(config, w), x.index_select(0, rows));
    sum.index_add_(0, rows, out * weight);
  }
  return sum;
}

/// What is added is 0, or NaN: infinity must not become the cap.
Tensor soft_capped(const Tensor& x, double cap) {
  return cap == 0 ? x : (x / cap).tanh_().mul_(cap).add_(x, /*alpha=*/0);
}

Tensor as_logits(const Config& config, const Tensor& products) {
  return soft_capped(config.logit_scale == 1 ? products : products * config.logit_scale, config.logit_softcap);
}

}  // namespace

Tensor embed(const Model& model, const Tensor& ids, const Tensor& positions) {
  const Config& config = model.config();
  const Weights& weights = model.weights();
  // Hugging Face rounds this scale to the model's dtype; so do we.
  const double scale =
      at::scalar_tensor(config.embedding_scale, at::kDouble).to(weights.embedding.type).to(at::kFloat).item<double>();
  Tensor x = weights.embedding.rows(ids) * scale;
  if (weights.positions.defined()) x = x + weights.positions.index_select(0, positions);
  return model.ops(0).normalized(x, norm_of(config, weights.embedding_norm));
}

void run_block(const Model& model, int b, const Tensor& stream, const Rotation& rotation, const Attend& attend,
               const Tap& tap, const Tensor& only) {
  const Ops& ops = model.ops(b);
  const Config& config = model.config();
  const BlockWeights& w = model.weights().blocks[b];
  const at::ScalarType type = w.o.weight.type;
  const std::int64_t rows = stream.size(0), heads = config.heads, kv_heads = config.kv_heads,
                     queries = heads * config.head_dim, keys = kv_heads * config.head_dim;

  const Tensor qkv = at::empty({rows, queries + 2 * keys}, stream.options().dtype(type));
  ops.by_rows(rows, /*large=*/false, [&](std::int64_t first, std::int64_t count) {
    const Tensor x = stream.narrow(0, first, count);  // [n, D]
    const Tensor projected = ops.project(ops.normalized(x, norm_of(config, w.attn_norm), type), w.qkv);
    const Tensor q = projected.narrow(1, 0, queries), k = projected.narrow(1, queries, keys),
                 v = projected.narrow(1, queries + keys, keys);
    ops.normalize(q, norm_of_heads(config, w.q_norm, heads), q);
    ops.normalize(k, norm_of_heads(config, w.k_norm, kv_heads), k);
    tap({SiteKind::q, b}, first, q);
    tap({SiteKind::k, b}, first, k);
    tap({SiteKind::v, b}, first, v);
    ops.rotate(projected, heads + kv_heads, config.head_dim, rotation.of_rows(first, count),
               qkv.narrow(0, first, count));
  });
  const Tensor all_z = attend(b, qkv);  // [R, H * head_dim]
  tap({SiteKind::z, b}, 0, all_z);
  const bool whole = !only.defined();
  if (!whole && only.size(0) == 0) return;
  const Tensor z = whole ? all_z : all_z.index_select(0, only), into = whole ? stream : stream.index_select(0, only);
  const auto tap_behind = [&](SiteKind kind, std::int64_t first, const Tensor& activations) {
    if (whole) tap({kind, b}, first, activations);
  };

  // What a half of the block adds to the stream, of what its last product gives.
  const auto finish = [&](const Tensor& out, const NormWeights& post_norm) {
    ops.normalize(out, norm_of(config, post_norm), out);
    if (config.residual_scale != 1) out.mul_(config.residual_scale);
  };
  // Parallel: the MLP reads what attention read, through its own norm where it has one.
  const NormWeights& mlp_norm = config.parallel && !w.mlp_norm.weight.defined() ? w.attn_norm : w.mlp_norm;
  // Experts pick their rows: of many, lest each gets but a few.
  const bool experts = config.layers[b].experts;
  ops.by_rows(into.size(0), /*large=*/experts, [&](std::int64_t first, std::int64_t count) {
    const Tensor x = into.narrow(0, first, count);                              // [n, D]
    const Tensor attn_out = ops.project(z.narrow(0, first, count), {&w.o, 1});  // [n, D]
    finish(attn_out, w.attn_post_norm);
    tap_behind(SiteKind::attn_out, first, attn_out);
    if (!config.parallel) {
      x.add_(attn_out);
      tap_behind(SiteKind::resid_mid, first, x);
    }
    const Tensor read = ops.normalized(x, norm_of(config, mlp_norm), experts ? at::kFloat : type);
    const Tensor mlp_out = experts ? mixture(ops, config, w, read) : mlp(ops, w.mlp, curve_of(config, w), read);
    finish(mlp_out, w.mlp_post_norm);
    tap_behind(SiteKind::mlp_out, first, mlp_out);
    if (config.parallel) x.add_(attn_out);
    x.add_(mlp_out);
  });
  if (!whole) stream.index_copy_(0, only, into);
}

Tensor final_norm(const Model& model, const Tensor& x) {
  return model.last_ops().normalized(x, norm_of(model.config(), model.weights().final_norm));
}

Tensor logits(const Model& model, const Tensor& state, std::int64_t first, std::int64_t words) {
  return as_logits(model.config(), model.last_ops().product(state, model.weights().head.part(first, words)));
}

Tensor logits_of(const Model& model, const Tensor& state, const Tensor& ids) {
  // Few words, compared with each other: in f32, whatever the dtype.
  return as_logits(model.config(), at::linear(state, model.weights().head.rows(ids)));
}

}  // namespace tertium
