#pragma once

#include <ATen/ATen.h>

#include "tertium/ops/attention.h"

namespace tertium::cpu {

/// Attention over tiles: see Ops::attend. The tiles' past rows are in attention_type().
at::Tensor attend(const Attention& attention, const at::Tensor& qkv);

/// What attention computes in where qkv are of a type.
at::ScalarType attention_type(std::int64_t head_dim, at::ScalarType type);

}  // namespace tertium::cpu
