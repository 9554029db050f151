#pragma once

#include <ATen/ATen.h>

#include <map>
#include <vector>

#include "tertium/engine/layout.h"
#include "tertium/model/config.h"

namespace tertium {

/// Attention over the tiles of a pass.
class TiledAttention {
 public:
  TiledAttention(const Config& config, const Layout& layout, at::ScalarType type);

  /// q [R, H, head_dim], k and v [R, kv_heads, head_dim] of the live rows of block b → [R, H * head_dim].
  at::Tensor operator()(int b, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) const;

 private:
  /// Packed rows as an index, or as a stretch where they are neighbours (no copy then).
  struct Rows {
    at::Tensor index;
    std::int64_t first = 0;
    bool stretch = false;
    at::Tensor of(const at::Tensor& x, std::int64_t live) const;  // the leading `live` of these rows
  };
  struct TorchTile {
    const Tile* tile;
    Rows queries, keys;
    std::map<int, at::Tensor> masks;  // by window: [queries, keys], or [H, queries, keys] with ALiBi; -inf if unseen
  };

  static Rows rows(const std::vector<std::int64_t>& packed);
  at::Tensor mask(const Tile& tile, int window) const;
  at::Tensor capped(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& mask) const;

  const Config& config_;
  const Layout& layout_;
  at::ScalarType type_;
  std::vector<TorchTile> tiles_;
};

}  // namespace tertium
