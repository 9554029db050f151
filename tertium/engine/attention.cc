#include "tertium/engine/attention.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "tertium/base/profile.h"

namespace tertium {
namespace {

using at::Tensor;

/// How many of `packed` (ascending) are live when the first `live` rows of the pass are.
std::int64_t live_of(const std::vector<std::int64_t>& packed, std::int64_t live) {
  return std::lower_bound(packed.begin(), packed.end(), live) - packed.begin();
}

/// [rows, heads, head_dim] → [1, heads, rows, head_dim]
Tensor by_head(const Tensor& x) { return x.transpose(0, 1).unsqueeze(0); }

/// ALiBi (arXiv 2108.12409): what each head's scores lose with every position of distance; [heads]. A geometric series
/// from 2^(-8/n) for n heads; where n is no power of two, that of the power below, then every second of the one above.
std::vector<float> alibi_slopes(int heads) {
  const auto below = static_cast<int>(std::bit_floor(static_cast<unsigned>(heads)));
  std::vector<float> slopes;
  for (int i = 1; i <= below; ++i) slopes.push_back(static_cast<float>(std::pow(2.0, -8.0 * i / below)));
  for (int i = 1; static_cast<int>(slopes.size()) < heads; i += 2)
    slopes.push_back(static_cast<float>(std::pow(2.0, -8.0 * i / (2 * below))));
  return slopes;
}

}  // namespace

TiledAttention::TiledAttention(const Config& config, const Layout& layout, at::ScalarType type)
    : config_(config), layout_(layout), type_(type) {
  for (const Tile& tile : layout.tiles) {
    TorchTile& made = tiles_.emplace_back(TorchTile{&tile, rows(tile.queries), rows(tile.keys), {}});
    for (const Layer& layer : config.layers)
      if (!made.masks.contains(layer.window)) made.masks[layer.window] = mask(tile, layer.window);
  }
}

TiledAttention::Rows TiledAttention::rows(const std::vector<std::int64_t>& packed) {
  const bool stretch = packed.back() - packed.front() + 1 == static_cast<std::int64_t>(packed.size());
  return {stretch ? Tensor() : at::tensor(packed), packed.front(), stretch};
}

Tensor TiledAttention::Rows::of(const Tensor& x, std::int64_t live) const {
  return stretch ? x.narrow(0, first, live) : x.index_select(0, index.narrow(0, 0, live));
}

Tensor TiledAttention::mask(const Tile& tile, int window) const {
  const auto n_queries = static_cast<std::int64_t>(tile.queries.size()),
             n_keys = static_cast<std::int64_t>(tile.keys.size());
  Tensor mask = at::empty({n_queries, n_keys}, at::kFloat);
  float* value = mask.data_ptr<float>();
  for (std::int64_t q = 0; q < n_queries; ++q) {
    for (std::int64_t k = 0; k < n_keys; ++k, ++value) {
      const std::int64_t distance = layout_.positions[tile.queries[q]] - layout_.positions[tile.keys[k]];
      const bool seen = tile.visible[q * n_keys + k] && (window == 0 || distance < window);
      *value = seen ? 0.0f : -std::numeric_limits<float>::infinity();
    }
  }
  if (!config_.alibi) return mask.to(type_);
  const auto positions_of = [&](const std::vector<std::int64_t>& rows) {
    std::vector<float> positions;
    for (const std::int64_t row : rows) positions.push_back(static_cast<float>(layout_.positions[row]));
    return at::tensor(positions);
  };
  const Tensor distance = positions_of(tile.queries).unsqueeze(1) - positions_of(tile.keys);
  const Tensor slopes = at::tensor(alibi_slopes(config_.heads)).view({-1, 1, 1});
  return (mask - slopes * distance).to(type_);
}

/// As scaled_dot_product_attention, with a soft cap on the scores: q [H, queries, head_dim], k and v [kv_heads, keys,
/// head_dim] → [H, queries, head_dim].
Tensor TiledAttention::capped(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask) const {
  const Tensor grouped = q.reshape({config_.kv_heads, -1, q.size(1), config_.head_dim});
  Tensor scores = at::matmul(grouped, k.unsqueeze(1).transpose(-2, -1)).to(at::kFloat) * config_.attention_scale;
  scores = (scores / config_.attention_softcap).tanh_() * config_.attention_softcap + mask;
  return at::matmul(at::softmax(scores, -1).to(v.scalar_type()), v.unsqueeze(1)).reshape(q.sizes());
}

Tensor TiledAttention::operator()(int b, const Tensor& q, const Tensor& k, const Tensor& v) const {
  const Timed timed(Phase::attention);
  const std::int64_t live = layout_.live[b];
  const bool grouped = config_.heads != config_.kv_heads;
  Tensor gathered = at::empty({live, config_.heads, config_.head_dim}, q.options());
  for (const TorchTile& tile : tiles_) {
    const std::int64_t n_queries = live_of(tile.tile->queries, live), n_keys = live_of(tile.tile->keys, live);
    if (n_queries == 0) continue;
    const Tensor mask = tile.masks.at(config_.layers[b].window).narrow(-2, 0, n_queries).narrow(-1, 0, n_keys);
    const Tensor queries = by_head(tile.queries.of(q, n_queries)), keys = by_head(tile.keys.of(k, n_keys)),
                 values = by_head(tile.keys.of(v, n_keys));
    const Tensor by_heads =
        config_.attention_softcap != 0
            ? capped(queries.squeeze(0), keys.squeeze(0), values.squeeze(0), mask)
            : at::scaled_dot_product_attention(queries, keys, values, mask, /*dropout_p=*/0.0, /*is_causal=*/false,
                                               config_.attention_scale, grouped)
                  .squeeze(0);
    const Tensor result = by_heads.transpose(0, 1);  // [queries, H, head_dim]
    if (tile.queries.stretch)
      gathered.narrow(0, tile.queries.first, n_queries).copy_(result);
    else
      gathered.index_copy_(0, tile.queries.index.narrow(0, 0, n_queries), result);
  }
  return gathered.view({live, -1});
}

}  // namespace tertium
