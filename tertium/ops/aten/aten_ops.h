#pragma once

#include <memory>

#include "tertium/ops/ops.h"

namespace tertium::aten {

/// LibTorch's own operations, on any device. On the CPU they are what the tuned kernels are held against.
std::shared_ptr<const Ops> make_ops(at::Device device);

}  // namespace tertium::aten
