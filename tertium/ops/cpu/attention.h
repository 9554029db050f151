#pragma once

#include <ATen/ATen.h>

namespace tertium {

struct Config;
struct Layout;

/// Attention over the tiles of a pass.
class TiledAttention {
 public:
  TiledAttention(const Config& config, const Layout& layout) : config_(config), layout_(layout) {}

  /// qkv [R, (H + 2 kv_heads) * head_dim]: rows [q | k | v] of the live rows of block b, rotated → what each gathered,
  /// [R, H * head_dim] of the same type. Scores and softmax are f32.
  at::Tensor operator()(int b, const at::Tensor& qkv) const;

 private:
  const Config& config_;
  const Layout& layout_;
};

/// What attention computes in where qkv are of a type.
at::ScalarType attention_type(const Config& config, at::ScalarType type);

}  // namespace tertium
