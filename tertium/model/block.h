#pragma once

#include <ATen/ATen.h>

#include <functional>

#include "tertium/model/model.h"
#include "tertium/model/site.h"
#include "tertium/model/weights.h"
#include "tertium/ops/ops.h"

namespace tertium {

/// Attention itself belongs to the engine, which knows what each row may see: rows [q | k | v] of block `b`, each
/// [(H + 2 kv_heads) * head_dim] → what each row gathered, [R, H * head_dim].
using Attend = std::function<at::Tensor(int b, const at::Tensor& qkv)>;

/// Called with each site's activations as they arise, [n, width] in f32 (z in the type that products take): those of
/// the rows from `first` on, by several threads at once. May edit them in place.
using Tap = std::function<void(Site site, std::int64_t first, const at::Tensor& activations)>;

/// Token ids [R] and their positions [R] → the stream that enters block 0, [R, D] in f32.
at::Tensor embed(const Model& model, const at::Tensor& ids, const at::Tensor& positions);

/// Takes the stream [R, D] in f32 through block `b`, in place. `rotation` is that of the block's own rope. resid_post
/// is the caller's to tap, since it is also what enters the next block. `only` [n]: rows that are computed whole; the
/// others lend keys and values, stay as they were, and behind z nothing is tapped. Undefined: all.
void run_block(const Model& model, int b, const at::Tensor& stream, const Rotation& rotation, const Attend& attend,
               const Tap& tap, const at::Tensor& only = {});

/// The stream behind the last block [R, D] → after the final norm, [R, D] in f32.
at::Tensor final_norm(const Model& model, const at::Tensor& x);

/// States after the final norm [R, D] → logits [R, words] in f32, of the head's rows [first, first + words).
at::Tensor logits(const Model& model, const at::Tensor& state, std::int64_t first, std::int64_t words);
/// The same of chosen words: `ids` [n] → [R, n].
at::Tensor logits_of(const Model& model, const at::Tensor& state, const at::Tensor& ids);

}  // namespace tertium
