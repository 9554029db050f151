#include "tertium/model/block.h"

namespace tertium {
namespace {

using at::Tensor;

/// Root-mean-square norm over the last dimension in f32; an undefined weight stands for a family without this norm.
Tensor rms_norm(const Config& config, const Tensor& x, const Tensor& weight) {
  if (!weight.defined()) return x;
  const Tensor wide = x.to(at::kFloat);
  const Tensor mean_square = wide.square().mean(-1, /*keepdim=*/true);
  return wide * (mean_square + config.norm_eps).rsqrt_() * weight;
}

// oneDNN compiles a half-precision product anew for every shape it meets, in milliseconds, and the number of live rows
// changes from block to block. So rows are filled up to a multiple of this, and a run meets few shapes.
constexpr std::int64_t kRowGrain = 64;

/// x [R, in] → [R, out] in the weight's precision.
Tensor project(const Tensor& x, const Tensor& weight) {
  if (weight.scalar_type() == at::kFloat) return at::linear(x, weight);
  const std::int64_t rows = x.size(0), filled = (rows + kRowGrain - 1) / kRowGrain * kRowGrain;
  if (rows == filled) return at::linear(x.to(weight.scalar_type()), weight);
  Tensor grained = at::zeros({filled, x.size(1)}, weight.options());
  grained.narrow(0, 0, rows).copy_(x);
  return at::linear(grained, weight).narrow(0, 0, rows);
}

/// Rotates each pair (i, i + head_dim / 2) of x [R, heads, head_dim] by its row's angles.
Tensor rotate(const Tensor& x, const Rotation& rotation) {
  const std::vector<Tensor> halves = x.to(at::kFloat).chunk(2, -1);
  const Tensor& a = halves[0];
  const Tensor& b = halves[1];
  return at::cat({a * rotation.cos - b * rotation.sin, b * rotation.cos + a * rotation.sin}, -1).to(x.scalar_type());
}

Tensor heads_of(const Tensor& x, std::int64_t head_dim) { return x.view({x.size(0), -1, head_dim}); }

Tensor attention(const Config& config, const BlockWeights& w, int b, const Tensor& x, const Rotation& rotation,
                 const Attend& attend) {
  const at::ScalarType type = w.q.scalar_type();
  Tensor q = heads_of(project(x, w.q), config.head_dim);  // [R, H, head_dim]
  Tensor k = heads_of(project(x, w.k), config.head_dim);  // [R, kv_heads, head_dim]
  Tensor v = heads_of(project(x, w.v), config.head_dim);
  q = rotate(rms_norm(config, q, w.q_norm), rotation).to(type);
  k = rotate(rms_norm(config, k, w.k_norm), rotation).to(type);
  return project(attend(b, q, k, v), w.o);
}

Tensor activate(Activation activation, const Tensor& x) {
  switch (activation) {
    case Activation::gelu:
      return at::gelu(x);
    case Activation::gelu_tanh:
      return at::gelu(x, "tanh");
    default:
      return at::silu(x);
  }
}

Tensor mlp(const Config& config, const BlockWeights& w, const Tensor& x) {
  const Tensor input = x.to(w.gate.scalar_type());
  return project(activate(config.activation, project(input, w.gate)) * project(input, w.up), w.down);
}

}  // namespace

Tensor embed(const Config& config, const Weights& weights, const Tensor& ids) {
  // Hugging Face rounds this scale to the model's dtype; so do we.
  const Tensor scale =
      at::scalar_tensor(config.embedding_scale, at::kDouble).to(weights.embedding.scalar_type()).to(at::kFloat);
  return weights.embedding.index_select(0, ids).to(at::kFloat) * scale;
}

Tensor run_block(const Config& config, const Weights& weights, int b, const Tensor& x, const Rotation& rotation,
                 const Attend& attend, const Tap& tap) {
  const BlockWeights& w = weights.blocks[b];
  const auto norm = [&](const Tensor& rows, const Tensor& weight) { return rms_norm(config, rows, weight); };

  const Tensor attended = attention(config, w, b, norm(x, w.attn_norm), rotation, attend).to(at::kFloat);
  Tensor stream = x + tap({SiteKind::attn_out, b}, norm(attended, w.attn_post_norm));
  stream = tap({SiteKind::resid_mid, b}, stream);
  const Tensor transformed = mlp(config, w, norm(stream, w.mlp_norm)).to(at::kFloat);
  return stream + tap({SiteKind::mlp_out, b}, norm(transformed, w.mlp_post_norm));
}

Tensor final_norm(const Config& config, const Weights& weights, const Tensor& x) {
  return rms_norm(config, x, weights.final_norm);
}

Tensor logits(const Config&, const Weights& weights, const Tensor& state, std::int64_t first, std::int64_t words) {
  return project(state, weights.head.narrow(0, first, words)).to(at::kFloat);
}

Tensor logits_of(const Config&, const Weights& weights, const Tensor& state, const Tensor& ids) {
  // Few words, compared with each other: in f32, whatever the dtype.
  return at::linear(state, weights.head.index_select(0, ids).to(at::kFloat));
}

}  // namespace tertium
