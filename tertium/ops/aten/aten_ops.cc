#include "tertium/ops/aten/aten_ops.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tertium/base/profile.h"
#include "tertium/ops/aten/fused_attention.h"

namespace tertium::aten {
namespace {

using at::Tensor;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// x, with NaN for what is not finite.
Tensor nan_if_infinite(const Tensor& x) { return at::where(x.isfinite(), x, kNan); }

TileTensors::Sight sight_of(const Attention& attention, const Tile& tile, at::Device device) {
  const auto queries = static_cast<std::int64_t>(tile.queries.size()),
             keys = tile.past_rows + static_cast<std::int64_t>(tile.keys.size());
  const Tensor seen = at::zeros({queries, keys}, at::kBool);
  const Tensor distances = attention.alibi ? at::zeros({queries, keys}, at::kFloat) : Tensor();
  for (std::int64_t query = 0; query < queries; ++query) {
    bool* const row = seen.data_ptr<bool>() + query * keys;
    const std::int64_t position = attention.positions[tile.queries[query]];
    for_each_seen(attention, tile, query, [&](const Stretch& stretch) {
      std::fill(row + stretch.begin, row + stretch.end, true);
      for (std::int64_t key = stretch.begin; distances.defined() && key < stretch.end; ++key)
        distances.data_ptr<float>()[query * keys + key] =
            static_cast<float>(position - stretch.position - (key - stretch.begin));
    });
  }
  return {seen.to(device), distances.defined() ? distances.to(device) : distances};
}

/// What is made of a tile once.
TileTensors& prepared(const Ops& ops, const Attention& attention, std::size_t index) {
  const Tile& tile = attention.tiles[index];
  TileTensors& tensors = attention.tensors->tiles[index];
  if (!tensors.queries.defined()) {
    tensors.queries = ops.index(tile.queries);
    tensors.keys = ops.index(tile.keys);
  }
  if (!tensors.sight.contains(attention.window))
    tensors.sight.emplace(attention.window, sight_of(attention, tile, ops.device()));
  return tensors;
}

/// The live queries of one tile, whose packed rows are `rows`: what each gathered, [queries, heads * head_dim] in f32.
Tensor attend_in_tile(const Ops& ops, const Attention& attention, std::size_t index, const Tensor& qkv,
                      const Tensor& rows) {
  const TileTensors& tensors = prepared(ops, attention, index);
  const TileTensors::Sight& sight = tensors.sight.at(attention.window);
  const std::int64_t queries = rows.size(0), own = live_of(attention.tiles[index].keys, attention.live);
  const std::int64_t q_width = attention.heads * attention.head_dim, k_width = attention.kv_heads * attention.head_dim;
  std::vector<Tensor> sources;
  for (const auto& [kept, first, count] : attention.pasts[index]) sources.push_back(kept->narrow(0, first, count));
  sources.push_back(qkv.index_select(0, tensors.keys.narrow(0, 0, own)).narrow(1, q_width, 2 * k_width));
  // Heads in front: [kv_heads, keys, head_dim].
  const Tensor both = at::cat(sources).to(at::kFloat);
  const auto of_keys = [&](std::int64_t first) {
    return both.narrow(1, first, k_width).view({-1, attention.kv_heads, attention.head_dim}).transpose(0, 1);
  };
  const Tensor keys = of_keys(0), values = of_keys(k_width);
  const std::int64_t group = attention.heads / attention.kv_heads, count = keys.size(1);
  const Tensor asked = qkv.index_select(0, rows)
                           .narrow(1, 0, q_width)
                           .to(at::kFloat)
                           .reshape({queries, attention.kv_heads, group, attention.head_dim})
                           .permute({1, 2, 0, 3});  // [kv_heads, group, queries, head_dim]
  Tensor scores = at::matmul(asked, keys.unsqueeze(1).transpose(2, 3)) * attention.scale;
  if (attention.softcap != 0) scores = nan_if_infinite(scores).div_(attention.softcap).tanh_().mul_(attention.softcap);
  const auto of_live = [&](const Tensor& all) { return all.narrow(0, 0, queries).narrow(1, 0, count); };
  if (attention.alibi) {
    const Tensor slopes = ops.here(at::tensor(alibi_slopes(attention.heads))).view({attention.kv_heads, group, 1, 1});
    scores = scores - slopes * of_live(sight.distances);
  }
  scores = at::where(of_live(sight.seen), nan_if_infinite(scores), -INFINITY);
  const Tensor weights = (scores - scores.amax(3, /*keepdim=*/true)).exp();
  // Weights are rounded as the values are; their sum is not.
  const Tensor gathered =
      at::matmul(weights.to(qkv.scalar_type()).to(at::kFloat), values.unsqueeze(1)) / weights.sum(3, /*keepdim=*/true);
  return gathered.permute({2, 0, 1, 3}).reshape({queries, q_width});
}

class AtenOps : public Ops {
 public:
  using Ops::Ops;
  std::string_view kernels() const override { return "aten"; }
  bool runs_passes_side_by_side() const override { return false; }
  void by_rows(std::int64_t rows, bool, const RowWork& work) const override { work(0, rows); }
  bool packs(at::ScalarType) const override { return false; }
  at::ScalarType attention_type(std::int64_t, at::ScalarType type) const override { return type; }

  Matrix matrix(const std::vector<Tensor>& parts, at::ScalarType type) const override {
    const Tensor all = here(parts.size() == 1 ? parts.at(0) : at::cat(parts)).to(type);
    return {.out = all.size(0), .in = all.size(1), .type = type, .plain = all};
  }

  Tensor product(const Tensor& x, const Matrix& matrix) const override {
    const Tensor& weight = matrix.plain;
    const Tensor rows = x.to(weight.scalar_type());
    if (weight.scalar_type() == at::kFloat) return at::mm(rows, weight.t());
    // The CPU's product rounds sums to half precision.
    if (device().is_cpu()) return at::mm(rows.to(at::kFloat), weight.to(at::kFloat).t());
    return at::mm(rows, weight.t(), at::kFloat);
  }

  void normalize_rows(const Tensor& x, const RowNorm& norm, const Tensor& out) const override {
    const Timed timed(Phase::rows);
    const std::int64_t width = x.size(1) / norm.parts;
    Tensor parts = x.unflatten(1, {norm.parts, width});  // [R, parts, width]
    if (norm.centered) parts = parts - parts.mean(2, /*keepdim=*/true);
    const Tensor squares = nan_if_infinite(parts.square().sum(2, /*keepdim=*/true)) / static_cast<double>(width);
    Tensor result = parts * (squares + norm.eps).rsqrt() * norm.weight.view({-1, width});
    if (norm.bias.defined()) result = result + norm.bias;
    out.copy_(result.flatten(1));
  }

  Tensor project(const Tensor& x, std::span<const Linear> stack) const override {
    const Timed timed(Phase::products);
    std::vector<Tensor> columns;
    for (const Linear& part : stack) {
      columns.push_back(product(x, part.weight));
      if (part.bias.defined()) columns.back().add_(part.bias);
    }
    return columns.size() == 1 ? columns.front() : at::cat(columns, 1);
  }

  Tensor gated(const Tensor& x, std::span<const Linear> stack, const Curve& curve, at::ScalarType type) const override {
    const Tensor inner = project(x, stack);
    const std::int64_t width = inner.size(1) / 2;
    return (activated(curve, inner.narrow(1, 0, width)) * inner.narrow(1, width, width)).to(type);
  }

  void rotate(const Tensor& x, std::int64_t heads, std::int64_t head_dim, const Rotation& rotation,
              const Tensor& out) const override {
    const Timed timed(Phase::rows);
    if (rotation.cos.defined()) {
      const std::int64_t half = rotation.cos.size(1);
      const Tensor turned = x.narrow(1, 0, heads * head_dim).unflatten(1, {heads, head_dim}).narrow(2, 0, 2 * half);
      const Tensor cos = rotation.cos.unsqueeze(1), sin = rotation.sin.unsqueeze(1);
      const auto part = [&](std::int64_t which) {
        return rotation.interleaved ? turned.slice(2, which, std::nullopt, 2) : turned.narrow(2, which * half, half);
      };
      const Tensor a = part(0), b = part(1);
      const Tensor new_a = a * cos - b * sin, new_b = b * cos + a * sin;
      a.copy_(new_a);
      b.copy_(new_b);
    }
    out.copy_(x);
  }

  Tensor attend(const Attention& attention, const Tensor& qkv) const override {
    const Timed timed(Phase::attention);
    // A kernel without masks may lose what is not finite.
    if (may_fuse(attention, qkv) && qkv.isfinite().all().item<bool>()) return fused_attend(*this, attention, qkv);
    const Tensor gathered = at::empty({attention.live, attention.heads * attention.head_dim}, qkv.options());
    for (std::size_t index = 0; index < attention.tiles.size(); ++index) {
      const std::int64_t count = live_of(attention.tiles[index].queries, attention.live);
      if (count == 0) continue;
      const Tensor rows = prepared(*this, attention, index).queries.narrow(0, 0, count);
      gathered.index_copy_(0, rows, attend_in_tile(*this, attention, index, qkv, rows).to(qkv.scalar_type()));
    }
    return gathered;
  }

  void add_log_sum_exp(const Tensor& x, const Tensor& sums) const override {
    sums.copy_(at::logaddexp(sums, at::logsumexp(nan_if_infinite(x), 1).to(at::kDouble)));
  }

  std::vector<TopTwo> top_two(const Tensor& x) const override {
    const auto [largest, first] = x.max(1);
    const Tensor next = x.scatter(1, first.unsqueeze(1), -INFINITY).amax(1).cpu();
    const Tensor values = largest.cpu(), words = first.cpu();
    std::vector<TopTwo> best;
    for (std::int64_t row = 0; row < x.size(0); ++row)
      best.push_back({words.const_data_ptr<std::int64_t>()[row], values.const_data_ptr<float>()[row],
                      next.const_data_ptr<float>()[row]});
    return best;
  }
};

}  // namespace

std::shared_ptr<const Ops> make_ops(at::Device device) { return std::make_shared<const AtenOps>(device); }

}  // namespace tertium::aten
