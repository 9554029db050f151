#include "tertium/ops/matrix.h"

#include <stdexcept>

namespace tertium {

at::Tensor Matrix::values() const {
  return plain.defined() ? plain : packed.permute({0, 2, 1, 3}).reshape({-1, in}).narrow(0, 0, out).to(type);
}

Matrix Matrix::part(std::int64_t first, std::int64_t count) const {
  Matrix some{.out = count, .in = in, .type = type, .packed = {}, .in_parts = in_parts, .plain = {}};
  if (plain.defined()) {
    some.plain = plain.narrow(0, first, count);
    return some;
  }
  const std::int64_t block = packed.size(2);
  if (first % block != 0) throw std::logic_error("a packed matrix cut within a block");
  some.packed = packed.narrow(0, first / block, (count + block - 1) / block);
  return some;
}

at::Tensor Matrix::rows(const at::Tensor& index) const {
  if (plain.defined()) return plain.index_select(0, index).to(at::kFloat);
  const std::int64_t block = packed.size(2);
  const at::Tensor blocks = at::div(index, block, "floor"), within = at::remainder(index, block);
  return packed.transpose(1, 2).index({blocks, within}).reshape({-1, in}).to(at::kFloat);
}

}  // namespace tertium
