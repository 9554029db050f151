#pragma once

#include <memory>

#include "tertium/ops/ops.h"

namespace tertium::cpu {

/// Our own kernels: rows in pieces that stay in a core's cache, packed half-precision weights, attention by tiles.
std::shared_ptr<const Ops> make_ops();

}  // namespace tertium::cpu
