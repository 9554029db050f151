#include "tertium/model/block.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <span>

#include "tertium/base/profile.h"
#include "tertium/model/config.h"
#include "tertium/model/matrix.h"
#include "tertium/model/rounded.h"
#include "tertium/model/row_kernels.h"

namespace tertium {
namespace {

using at::Tensor;

constexpr std::int64_t kValuesPerTask = 1 << 15;  // that one thread takes at a time

/// Calls `each(row)` for all rows of `width` values, on all threads.
template <class Each>
void for_each_row(std::int64_t rows, std::int64_t width, const Each& each) {
  const Timed timed(Phase::rows);
  at::parallel_for(0, rows, std::max<std::int64_t>(1, kValuesPerTask / width),
                   [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t row = begin; row < end; ++row) each(row);
                   });
}

/// Takes rows in f32, and writes them into `out` [rows, width], whose rows are contiguous, in its own type.
class RowWriter {
 public:
  explicit RowWriter(const Tensor& out) : out_(out), type_(out.scalar_type()), stride_(out.stride(0)) {}

  /// Where row `row` is to be put together: in place, or in a buffer of this thread.
  float* begin(std::int64_t row) const {
    if (type_ == at::kFloat) return out_.data_ptr<float>() + row * stride_;
    thread_local std::vector<float> buffer;
    buffer.resize(std::max(buffer.size(), static_cast<std::size_t>(out_.size(1))));
    return buffer.data();
  }
  /// What was put together there.
  void end(std::int64_t row, const float* values) const {
    if (type_ != at::kFloat) write(row, values);
  }
  /// A row from anywhere.
  void write(std::int64_t row, const float* values) const {
    const std::int64_t width = out_.size(1);
    if (type_ == at::kFloat) round_row(values, out_.data_ptr<float>() + row * stride_, width);
    if (type_ == at::kBFloat16) round_row(values, out_.data_ptr<at::BFloat16>() + row * stride_, width);
    if (type_ == at::kHalf) round_row(values, out_.data_ptr<at::Half>() + row * stride_, width);
  }

 private:
  const Tensor& out_;
  const at::ScalarType type_;
  const std::int64_t stride_;
};

const float* data_or_null(const Tensor& x) { return x.defined() ? x.const_data_ptr<float>() : nullptr; }

/// x [R, width] in f32, normalised into `out` of any type; `out` may be x. Undefined weights stand for a family without
/// this norm.
void normalize(const Config& config, const Tensor& x, const NormWeights& norm, const Tensor& out) {
  if (!norm.weight.defined()) {
    if (!out.is_same(x)) out.copy_(x);
    return;
  }
  const std::int64_t width = x.size(1), stride = x.stride(0);
  const RowWriter writer(out);
  for_each_row(x.size(0), width, [&](std::int64_t row) {
    float* values = writer.begin(row);
    normalize_row(x.const_data_ptr<float>() + row * stride, norm.weight.const_data_ptr<float>(),
                  data_or_null(norm.bias), config.norm == Norm::mean, static_cast<float>(config.norm_eps), values,
                  width);
    writer.end(row, values);
  });
}

Tensor normalized(const Config& config, const Tensor& x, const NormWeights& norm, at::ScalarType type = at::kFloat) {
  if (!norm.weight.defined()) return x.to(type);
  Tensor out = at::empty(x.sizes(), type);
  normalize(config, x, norm, out);
  return out;
}

/// The outputs of all matrices of a stack, side by side, [R, sum of out] in f32.
Tensor project(const Tensor& x, std::span<const Linear> stack) {
  const Timed timed(Phase::products);
  std::int64_t width = 0, first = 0;
  for (const Linear& part : stack) width += part.weight.out();
  const Tensor out = at::empty({x.size(0), width}, at::kFloat);
  for (const Linear& part : stack) {
    Tensor columns = out.narrow(1, first, part.weight.out());
    part.weight.multiply(x, columns);
    if (part.bias.defined()) columns.add_(part.bias);
    first += part.weight.out();
  }
  return out;
}

/// Calls `work(first, count)` for all of `rows` rows, at most `most` at a time. Each thread takes rows through all of
/// `work`, so that what lies between its steps stays in that core's cache.
constexpr std::int64_t kMostRows = 256;
template <class Work>
void by_rows(std::int64_t rows, std::int64_t most, const Work& work) {
  constexpr std::int64_t kGrain = 32;
  const std::int64_t threads = at::in_parallel_region() ? 1 : at::get_num_threads();
  const std::int64_t share = ((rows + threads - 1) / threads + kGrain - 1) / kGrain * kGrain,
                     count = std::min(most, share);
  at::parallel_for(0, (rows + count - 1) / count, 1, [&](std::int64_t begin, std::int64_t end) {
    const c10::InferenceMode no_autograd;  // a thread's own setting
    for (std::int64_t piece = begin; piece < end; ++piece) work(piece * count, std::min(count, rows - piece * count));
  });
}

/// Normalises q or k of one row, [heads * head_dim], in place.
void normalize_heads(const Config& config, const NormWeights& norm, std::int64_t heads, float* x) {
  const std::int64_t head_dim = config.head_dim;
  const auto eps = static_cast<float>(config.norm_eps);
  const bool centered = config.norm == Norm::mean, whole = config.qk_norm == QkNorm::whole;
  const std::int64_t parts = whole ? 1 : heads, width = whole ? heads * head_dim : head_dim;
  for (std::int64_t h = 0; h < parts; ++h) {
    const float* weight = data_or_null(norm.weight) + (config.qk_norm == QkNorm::own_head ? h * head_dim : 0);
    normalize_row(x + h * width, weight, nullptr, centered, eps, x + h * width, width);
  }
}

/// Rows [q | k | v], of which q and k are normalised in place.
void normalize_queries_and_keys(const Config& config, const BlockWeights& w, const Tensor& qkv) {
  if (config.qk_norm == QkNorm::none) return;
  const std::int64_t width = qkv.size(1);
  for_each_row(qkv.size(0), width, [&](std::int64_t row) {
    float* values = qkv.data_ptr<float>() + row * width;
    normalize_heads(config, w.q_norm, config.heads, values);
    normalize_heads(config, w.k_norm, config.kv_heads, values + config.heads * config.head_dim);
  });
}

/// Rows [q | k | v] in f32, of which the first is row `first` of the pass → the same in `out`, each head of q and k
/// rotated by its row's angles.
void rotate(const Config& config, int rope, const Rotation& rotation, std::int64_t first, const Tensor& qkv,
            const Tensor& out) {
  const std::int64_t width = qkv.size(1), rotated_heads = config.heads + config.kv_heads;
  const std::int64_t half = rope == Layer::kNoRope ? 0 : config.ropes[rope].rotated / 2;
  const float *all_cos = data_or_null(rotation.cos), *all_sin = data_or_null(rotation.sin);
  const auto rotate_head = half > 0 && config.ropes[rope].interleaved ? rotate_neighbours_row : rotate_halves_row;
  const RowWriter writer(out);
  for_each_row(qkv.size(0), width, [&](std::int64_t row) {
    float* values = qkv.data_ptr<float>() + row * width;
    const float *cos = all_cos + (first + row) * half, *sin = all_sin + (first + row) * half;
    for (std::int64_t h = 0; half > 0 && h < rotated_heads; ++h)
      rotate_head(values + h * config.head_dim, cos, sin, half);
    writer.write(row, values);
  });
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
      return at::relu(x).add_(x, /*alpha=*/0);  // -infinity must not become 0
    case Activation::xielu:
      return xielu(x, curve);
    default:
      return at::silu(x);
  }
}

/// Activations that have a kernel of their own: gate and up → activation(gate) * up.
Matrix::Combine* gate_kernel(Activation activation) {
  if (activation == Activation::silu) return silu_gate_row;
  if (activation == Activation::gelu_tanh) return gelu_tanh_gate_row;
  return nullptr;
}

/// activation(gate(x)) * up(x), [R, mlp] in `type`.
Tensor gated(const Config& config, const MlpWeights& w, const Xielu& curve, const Tensor& x, at::ScalarType type) {
  Matrix::Combine* const kernel = gate_kernel(config.activation);
  const Linear& first = w.inner.front();
  const std::int64_t width = w.down.weight.in();
  const Tensor out = at::empty({x.size(0), width}, type);
  if (kernel && w.inner.size() == 1 && !first.bias.defined() && first.weight.has_halves()) {
    const Timed timed(Phase::products);
    first.weight.multiply_halves(x, *kernel, out);
    return out;
  }
  const Tensor inner = project(x, w.inner);
  const auto half = [&](std::int64_t at) { return inner.narrow(1, at * width, width); };
  if (!kernel) return activated(config.activation, half(0), curve).mul_(half(1)).to(type);
  const RowWriter writer(out);
  for_each_row(x.size(0), width, [&](std::int64_t row) {
    float* values = writer.begin(row);
    const float* gate = inner.const_data_ptr<float>() + row * 2 * width;
    kernel(gate, gate + width, values, width);
    writer.end(row, values);
  });
  return out;
}

/// x [R, D] → [R, D] in f32.
Tensor mlp(const Config& config, const MlpWeights& w, const Xielu& curve, const Tensor& x) {
  const at::ScalarType type = w.down.weight.type();
  const Tensor inner =
      w.gated ? gated(config, w, curve, x, type) : activated(config.activation, project(x, w.inner), curve).to(type);
  return project(inner, {&w.down, 1});
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

/// What is added is 0, or NaN: infinity must not become the cap.
Tensor soft_capped(const Tensor& x, double cap) {
  return cap == 0 ? x : (x / cap).tanh_().mul_(cap).add_(x, /*alpha=*/0);
}

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

void run_block(const Config& config, const Weights& weights, int b, const Tensor& stream, const Rotation& rotation,
               const Attend& attend, const Tap& tap) {
  const BlockWeights& w = weights.blocks[b];
  const Layer& layer = config.layers[b];
  const at::ScalarType type = w.o.weight.type();
  const std::int64_t rows = stream.size(0);

  const std::int64_t queries = config.heads * config.head_dim, keys = config.kv_heads * config.head_dim;
  const Tensor qkv = at::empty({rows, queries + 2 * keys}, type);
  by_rows(rows, kMostRows, [&](std::int64_t first, std::int64_t count) {
    const Tensor normed = normalized(config, stream.narrow(0, first, count), w.attn_norm, type);
    const Tensor projected = project(normed, w.qkv);
    normalize_queries_and_keys(config, w, projected);
    tap({SiteKind::q, b}, first, projected.narrow(1, 0, queries));
    tap({SiteKind::k, b}, first, projected.narrow(1, queries, keys));
    tap({SiteKind::v, b}, first, projected.narrow(1, queries + keys, keys));
    rotate(config, layer.rope, rotation, first, projected, qkv.narrow(0, first, count));
  });
  const Tensor z = attend(b, qkv);
  tap({SiteKind::z, b}, 0, z);

  // What a half of the block adds to the stream, of what its last product gives.
  const auto finish = [&](const Tensor& out, const NormWeights& post_norm) {
    normalize(config, out, post_norm, out);
    if (config.residual_scale != 1) out.mul_(config.residual_scale);
  };
  // Parallel: the MLP reads what attention read, through its own norm where it has one.
  const NormWeights& mlp_norm = config.parallel && !w.mlp_norm.weight.defined() ? w.attn_norm : w.mlp_norm;
  // Experts pick their rows: of all that there are, lest each gets but a few.
  by_rows(rows, layer.experts ? rows : kMostRows, [&](std::int64_t first, std::int64_t count) {
    const Tensor x = stream.narrow(0, first, count);  // [n, D]
    const Tensor attn_out = project(z.narrow(0, first, count), {&w.o, 1});
    finish(attn_out, w.attn_post_norm);
    tap({SiteKind::attn_out, b}, first, attn_out);
    if (!config.parallel) {
      x.add_(attn_out);
      tap({SiteKind::resid_mid, b}, first, x);
    }
    const Tensor mlp_out = layer.experts ? mixture(config, w, normalized(config, x, mlp_norm))
                                         : mlp(config, w.mlp, w.xielu, normalized(config, x, mlp_norm, type));
    finish(mlp_out, w.mlp_post_norm);
    tap({SiteKind::mlp_out, b}, first, mlp_out);
    if (config.parallel) x.add_(attn_out);
    x.add_(mlp_out);
  });
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
