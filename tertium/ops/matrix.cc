#include "tertium/ops/matrix.h"

#include <stdexcept>

namespace tertium {

const at::Tensor& Matrix::values() const {
  if (!plain.defined()) throw std::logic_error("a packed matrix has no plain values");
  return plain;
}

}  // namespace tertium
