#pragma once

#include <ATen/ATen.h>

#include "tertium/ops/attention.h"
#include "tertium/ops/ops.h"

namespace tertium::aten {

/// Whether fused_attend may stand for products and masks: in half precision, without soft caps and ALiBi, where no
/// window cuts what rows see, and where a kernel without masks computes on this device what plain operations do, which
/// is tried once for each type and size of a head.
bool may_fuse(const Attention& attention, const at::Tensor& qkv);

/// Ops::attend, of finite rows, by kernels without masks: one call for what rows see of their own strands, and one for
/// each level of what they see before that, joined by how much each weighs.
at::Tensor fused_attend(const Ops& ops, const Attention& attention, const at::Tensor& qkv);

}  // namespace tertium::aten
