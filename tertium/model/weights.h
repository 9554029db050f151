#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <vector>

#include "tertium/model/model.h"
#include "tertium/ops/activation.h"
#include "tertium/ops/matrix.h"

namespace tertium {

class Adapter;  // formats/adapter.h
class Checkpoint;
class Placement;

/// A norm's factors and offsets in f32, or undefined: a family without this norm, or without its offsets.
struct NormWeights {
  at::Tensor weight;
  at::Tensor bias;
};

/// down(activation(gate(x)) * up(x)); without a gate, down(activation(up(x))).
struct MlpWeights {
  Stack inner;  // gate and up, or up alone: [2 * mlp or mlp, D] together
  bool gated = false;
  Linear down;  // [D, mlp]
};

/// One block's weights; undefined where the family has none.
struct BlockWeights {
  NormWeights attn_norm, attn_post_norm;  // [D]
  Stack qkv;                              // [(H + 2 * kv_heads) * head_dim, D] together
  NormWeights q_norm, k_norm;             // as QkNorm says
  Linear o;                               // [D, H * head_dim]
  NormWeights mlp_norm, mlp_post_norm;    // [D]
  MlpWeights mlp;
  at::Tensor router;  // [experts, D], in f32
  std::vector<MlpWeights> experts;
  Xielu xielu;
};

struct Weights {
  Matrix embedding;                           // [V, D]
  NormWeights embedding_norm;                 // [D]
  at::Tensor positions;                       // [context, D] in f32, or undefined
  std::vector<BlockWeights> blocks;           // [L]
  NormWeights final_norm;                     // [D]
  Matrix head;                                // [V, D]; the embedding itself if tied
  std::shared_ptr<const Checkpoint> backing;  // the mapped files that tensors may point into
};

at::ScalarType scalar_type(Precision precision);

/// Each where its block is computed, and packed as that likes. What an adapter changes is added in f32, before a matrix takes the
/// type of products. Throws Error naming file and tensor: one that is missing, of another shape, not finite, or without
/// a place.
Weights load_weights(std::shared_ptr<Checkpoint> checkpoint, Precision precision, const Placement& placement,
                     const Adapter* adapter = nullptr);

/// The same with matrices as they are written down, [out, in]: packed ones as copies.
Weights plain(const Weights& weights);

/// Random numbers in the shapes of a Llama of this config.
Weights random_weights(const Config& config, Precision precision, const Placement& placement);

}  // namespace tertium
