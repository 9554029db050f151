#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "tertium/model/adaptation.h"
#include "tertium/model/model.h"
#include "tertium/model/site.h"

namespace tertium {

/// Called with each site's activations in the order in which they arise, [T, D] in f32 ([T, heads, head_dim] at sites
/// with heads); returns what is to stand in their place. resid_post@b and resid_pre@(b + 1) are one place, at which
/// both are called.
using Hook = std::function<at::Tensor(Site site, const at::Tensor& activations)>;

/// What stands beside a product of block `b`: its input x [R, in] → what is added to its output, [R, out]; undefined: nothing.
using Addition = std::function<at::Tensor(int b, Product product, const at::Tensor& x)>;

/// Token sequences, one behind the other: R rows in all. None sees another.
struct Sequences {
  std::vector<std::int32_t> ids;      // [R]
  std::vector<std::int64_t> lengths;  // each at least 1

  void add(std::span<const std::int32_t> sequence) {
    ids.insert(ids.end(), sequence.begin(), sequence.end());
    lengths.push_back(static_cast<std::int64_t>(sequence.size()));
  }
};

/// The forward pass of token sequences as it is written down: tensor operations that autograd can follow, nothing
/// packed, shared or fused. Slow, and independent of block.cc and the engine: it differentiates what they compute, and
/// tests hold them against it.
class PlainForward {
 public:
  /// Which precisions a model may have: f32, whose results are those of the equations; or half precision too, whose
  /// products round what they read and give. Everything else is f32.
  enum class Products { f32, any };

  /// Throws Error for a model in another precision. Where weights are packed, it works on copies, made once a model.
  explicit PlainForward(const Model& model, Addition addition = {}, Products products = Products::f32);

  /// ids [T] → the stream behind the last block, [T, D]. Throws Error if a learned position is missing for so many.
  at::Tensor stream(std::span<const std::int32_t> ids, const Hook& hook) const;

  /// The stream that enters block 0, [R, D]. Throws Error if a learned position is missing for so many.
  at::Tensor embedded(const Sequences& sequences) const;
  /// The stream that enters block `first` → the one that enters block `end` (or leaves the last), [R, D].
  at::Tensor through(const at::Tensor& x, std::span<const std::int64_t> lengths, int first, int end, const Hook& hook) const;

  /// Rows of that stream [R, D] → behind the final norm, [R, D].
  at::Tensor final_norm(const at::Tensor& stream) const;

  /// Rows behind the final norm [R, D] → logits, [R, V].
  at::Tensor logits(const at::Tensor& state) const;

  const Config& config() const { return model_.config(); }

 private:
  Model model_;
  Addition addition_;
};

}  // namespace tertium
