#pragma once

#include "tertium/ops/ops.h"

namespace tertium::aten {

/// LibTorch's own operations, on any device. On the CPU they are what the tuned kernels are held against.
class AtenOps : public Ops {
 public:
  using Ops::Ops;
  std::string_view kernels() const override { return "aten"; }
  bool runs_passes_side_by_side() const override { return false; }
  void by_rows(std::int64_t rows, bool, const RowWork& work) const override { work(0, rows); }
  bool packs(at::ScalarType) const override { return false; }
  at::ScalarType attention_type(std::int64_t, at::ScalarType type) const override { return type; }
  Matrix matrix(const std::vector<at::Tensor>& parts) const override;
  void normalize(const at::Tensor& x, const RowNorm& norm, const at::Tensor& out) const override;
  at::Tensor project(const at::Tensor& x, std::span<const Linear> stack) const override;
  at::Tensor gated(const at::Tensor& x, std::span<const Linear> stack, const Curve& curve,
                   at::ScalarType type) const override;
  void rotate(const at::Tensor& x, std::int64_t heads, std::int64_t head_dim, const Rotation& rotation,
              const at::Tensor& out) const override;
  at::Tensor attend(const Attention& attention, const at::Tensor& qkv) const override;
  at::Tensor product(const at::Tensor& x, const at::Tensor& weight) const override;
  at::Tensor log_sum_exp(const at::Tensor& x) const override;
  std::vector<TopTwo> top_two(const at::Tensor& x) const override;
};

}  // namespace tertium::aten
