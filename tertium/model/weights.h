#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <vector>

#include "tertium/model/checkpoint.h"
#include "tertium/model/model.h"

namespace tertium {

/// One block's weights. Matrices are [out, in] in the model's precision, norms [width] in f32; undefined where the
/// family has none.
struct BlockWeights {
  at::Tensor attn_norm, attn_post_norm;  // [D]
  at::Tensor q;                          // [H * head_dim, D]
  at::Tensor k, v;                       // [kv_heads * head_dim, D]
  at::Tensor q_norm, k_norm;             // [head_dim]
  at::Tensor o;                          // [D, H * head_dim]
  at::Tensor mlp_norm, mlp_post_norm;    // [D]
  at::Tensor gate, up;                   // [mlp, D]
  at::Tensor down;                       // [D, mlp]
};

struct Weights {
  at::Tensor embedding;                       // [V, D]
  std::vector<BlockWeights> blocks;           // [L]
  at::Tensor final_norm;                      // [D]
  at::Tensor head;                            // [V, D]; the embedding itself if tied
  std::vector<at::Tensor> frequencies;        // one a rope: [head_dim / 2], radians per position
  std::shared_ptr<const Checkpoint> backing;  // the mapped files that tensors may point into
};

at::ScalarType scalar_type(Precision precision);

Weights load_weights(std::shared_ptr<Checkpoint> checkpoint, Precision precision);

}  // namespace tertium
