#include "tertium/model/block.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <span>

#include "tertium/base/profile.h"
#include "tertium/model/matrix.h"
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

/// Takes rows in f32, and writes them in the type that a matrix product reads.
class RowWriter {
 public:
  RowWriter(std::int64_t rows, std::int64_t width, at::ScalarType type)
      : width_(width),
        type_(type),
        out_(at::empty({rows, width}, type == at::kBFloat16 ? at::kBFloat16 : at::kFloat)) {}

  /// Where row `row` is to be put together: in place, or in a buffer of this thread.
  float* begin(std::int64_t row) const {
    if (out_.scalar_type() == at::kFloat) return out_.data_ptr<float>() + row * width_;
    thread_local std::vector<float> buffer;
    buffer.resize(std::max(buffer.size(), static_cast<std::size_t>(width_)));
    return buffer.data();
  }
  void end(std::int64_t row, const float* values) const {
    if (out_.scalar_type() == at::kBFloat16)
      round_row_to_bf16(values, static_cast<std::uint16_t*>(out_.data_ptr()) + row * width_, width_);
  }
  Tensor take() const { return out_.to(type_); }

 private:
  std::int64_t width_;
  at::ScalarType type_;
  Tensor out_;  // f16 passes through f32
};

const float* data_or_null(const Tensor& x) { return x.defined() ? x.const_data_ptr<float>() : nullptr; }

/// Over the last dimension of x [R, width], in f32; given back in `type`. Undefined weights stand for a family without
/// this norm.
Tensor normalized(const Config& config, const Tensor& x, const NormWeights& norm, at::ScalarType type = at::kFloat) {
  if (!norm.weight.defined()) return x.to(type);
  const Tensor in = x.contiguous();
  const std::int64_t width = in.size(1);
  const RowWriter out(in.size(0), width, type);
  for_each_row(in.size(0), width, [&](std::int64_t row) {
    float* values = out.begin(row);
    normalize_row(in.const_data_ptr<float>() + row * width, norm.weight.const_data_ptr<float>(),
                  data_or_null(norm.bias), config.norm == Norm::mean, static_cast<float>(config.norm_eps), values,
                  width);
    out.end(row, values);
  });
  return out.take();
}

/// The outputs of all matrices of a stack, side by side: [R, sum of out] in f32.
Tensor project(const Tensor& x, std::span<const Linear> stack) {
  const Timed timed(Phase::products);
  std::int64_t width = 0;
  for (const Linear& part : stack) width += part.weight.out();
  Tensor result = at::empty({x.size(0), width}, at::kFloat);
  std::int64_t first = 0;
  for (const Linear& part : stack) {
    Tensor columns = result.narrow(1, first, part.weight.out());
    part.weight.multiply(x, columns);
    if (part.bias.defined()) columns.add_(part.bias);
    first += part.weight.out();
  }
  return result;
}

Tensor project(const Tensor& x, const Linear& linear) { return project(x, {&linear, 1}); }

/// Gives `work` some rows of x at a time, [n, width of x], and puts its results, [n, width] in `type`, one below the
/// other. Each thread takes rows through all of `work`, so that what lies between its steps stays in that core's cache.
template <class Work>
Tensor by_rows(const Tensor& x, std::int64_t width, at::ScalarType type, const Work& work) {
  constexpr std::int64_t kMostRows = 256, kGrain = 32;
  const std::int64_t rows = x.size(0), share = (rows + at::get_num_threads() - 1) / at::get_num_threads();
  const std::int64_t count = std::min(kMostRows, (share + kGrain - 1) / kGrain * kGrain);
  Tensor all = at::empty({rows, width}, type);
  at::parallel_for(0, (rows + count - 1) / count, 1, [&](std::int64_t begin, std::int64_t end) {
    const c10::InferenceMode no_autograd;  // a thread's own setting
    for (std::int64_t piece = begin; piece < end; ++piece) {
      const std::int64_t first = piece * count, taken = std::min(count, rows - first);
      all.narrow(0, first, taken).copy_(work(first, x.narrow(0, first, taken)));
    }
  });
  return all;
}

/// Puts q or k of one row in place: normalised, and each head rotated by the row's angles.
void place(const Config& config, const float* in, std::int64_t heads, const NormWeights& norm, int rope,
           const float* cos, const float* sin, float* out) {
  const std::int64_t head_dim = config.head_dim, width = heads * head_dim;
  const auto eps = static_cast<float>(config.norm_eps);
  const bool centered = config.norm == Norm::mean;
  const float* weight = data_or_null(norm.weight);
  if (config.qk_norm == QkNorm::whole)
    normalize_row(in, weight, nullptr, centered, eps, out, width);
  else if (config.qk_norm == QkNorm::none)
    std::copy_n(in, width, out);
  for (std::int64_t h = 0; h < heads; ++h) {
    float* head = out + h * head_dim;
    if (config.qk_norm == QkNorm::head || config.qk_norm == QkNorm::own_head)
      normalize_row(in + h * head_dim, weight + (config.qk_norm == QkNorm::own_head ? h * head_dim : 0), nullptr,
                    centered, eps, head, head_dim);
    if (rope == Layer::kNoRope) continue;
    const std::int64_t half = config.ropes[rope].rotated / 2;
    config.ropes[rope].interleaved ? rotate_neighbours_row(head, cos, sin, half)
                                   : rotate_halves_row(head, cos, sin, half);
  }
}

/// Rows [q | k | v] in f32, of which the first is row `first` of the pass → the same in `type`, q and k in place.
Tensor placed(const Config& config, const BlockWeights& w, int rope, const Rotation& rotation, std::int64_t first,
              const Tensor& qkv, at::ScalarType type) {
  const std::int64_t queries = config.heads * config.head_dim, keys = config.kv_heads * config.head_dim;
  const std::int64_t angles = rope == Layer::kNoRope ? 0 : config.ropes[rope].rotated / 2;
  const float *all_cos = data_or_null(rotation.cos), *all_sin = data_or_null(rotation.sin);
  const std::int64_t width = qkv.size(1);
  const RowWriter out(qkv.size(0), width, type);
  for_each_row(qkv.size(0), width, [&](std::int64_t row) {
    const float *in = qkv.const_data_ptr<float>() + row * width, *cos = all_cos + (first + row) * angles,
                *sin = all_sin + (first + row) * angles;
    float* values = out.begin(row);
    place(config, in, config.heads, w.q_norm, rope, cos, sin, values);
    place(config, in + queries, config.kv_heads, w.k_norm, rope, cos, sin, values + queries);
    std::copy_n(in + queries + keys, keys, values + queries + keys);
    out.end(row, values);
  });
  return out.take();
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

/// activation(gate) * up of rows [gate | up] in f32, [R, mlp] in `type`.
Tensor gated(Activation activation, const Tensor& rows, const Xielu& curve, at::ScalarType type) {
  const std::int64_t width = rows.size(1) / 2;
  if (activation != Activation::silu && activation != Activation::gelu_tanh)
    return activated(activation, rows.narrow(1, 0, width), curve).mul(rows.narrow(1, width, width)).to(type);
  const RowWriter out(rows.size(0), width, type);
  for_each_row(rows.size(0), width, [&](std::int64_t row) {
    float* values = out.begin(row);
    const float* gate = rows.const_data_ptr<float>() + row * 2 * width;
    std::copy_n(gate, width, values);
    activation == Activation::silu ? silu_gate_row(values, gate + width, width)
                                   : gelu_tanh_gate_row(values, gate + width, width);
    out.end(row, values);
  });
  return out.take();
}

Tensor mlp(const Config& config, const MlpWeights& w, const Xielu& curve, const Tensor& x) {
  const at::ScalarType type = w.down.weight.type();
  const Tensor inner = project(x, w.inner);
  return project(
      w.gated ? gated(config.activation, inner, curve, type) : activated(config.activation, inner, curve).to(type),
      w.down);
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
  const Layer& layer = config.layers[b];
  const at::ScalarType type = w.o.weight.type();
  // What a half of the block adds to the stream.
  const auto added = [&](const Tensor& rows, const NormWeights& post_norm) {
    const Tensor normed = normalized(config, rows, post_norm);
    return config.residual_scale == 1 ? normed : normed * config.residual_scale;
  };

  const std::int64_t queries = config.heads * config.head_dim, keys = config.kv_heads * config.head_dim;
  const Tensor qkv = by_rows(x, queries + 2 * keys, type, [&](std::int64_t first, const Tensor& rows) {
    const Tensor products = project(normalized(config, rows, w.attn_norm, type), w.qkv);
    return placed(config, w, layer.rope, rotation, first, products, type);
  });
  const Tensor gathered = attend(b, qkv);
  const Tensor attended = by_rows(gathered, config.hidden, at::kFloat, [&](std::int64_t, const Tensor& rows) {
    return added(project(rows, w.o), w.attn_post_norm);
  });
  Tensor stream = x + tap({SiteKind::attn_out, b}, attended);
  if (!config.parallel) stream = tap({SiteKind::resid_mid, b}, stream);

  // Parallel: the MLP reads what attention read, through its own norm where it has one.
  const NormWeights& mlp_norm = config.parallel && !w.mlp_norm.weight.defined() ? w.attn_norm : w.mlp_norm;
  const Tensor& input = config.parallel ? x : stream;
  const auto transformed = [&](std::int64_t, const Tensor& rows) {
    return layer.experts
               ? added(mixture(config, w, normalized(config, rows, mlp_norm)), w.mlp_post_norm)
               : added(mlp(config, w.mlp, w.xielu, normalized(config, rows, mlp_norm, type)), w.mlp_post_norm);
  };
  // Experts take their rows from all of them.
  const Tensor sum = layer.experts ? transformed(0, input) : by_rows(input, config.hidden, at::kFloat, transformed);
  return stream + tap({SiteKind::mlp_out, b}, sum);
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
