#pragma once

#include "tertium/ops/ops.h"

namespace tertium::cpu {

/// Our own kernels: rows in pieces that stay in a core's cache, packed half-precision weights, attention by tiles.
class CpuOps : public Ops {
 public:
  CpuOps() : Ops(at::kCPU) {}
  std::string_view kernels() const override { return "tuned"; }
  bool runs_passes_side_by_side() const override { return true; }
  void by_rows(std::int64_t rows, bool large, const RowWork& work) const override;
  bool packs(at::ScalarType type) const override;
  at::ScalarType attention_type(std::int64_t head_dim, at::ScalarType type) const override;
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

}  // namespace tertium::cpu
