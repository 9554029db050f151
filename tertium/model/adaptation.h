#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/model/family.h"

namespace tertium {

class Adapter;
class Checkpoint;

/// An adapter as the weights of a family take it, which name modules as Hugging Face does.
class Adaptation {
 public:
  /// Throws Error if the adapter is for matrices stored otherwise than the family's. `adapter` must outlive this.
  Adaptation(const Adapter& adapter, const Family& family);

  /// What is added to the matrix of a module, scale · B A, [out, in] in f32; undefined where the adapter leaves it as it is.
  /// Throws Error naming the tensor: of another shape, not finite, or missing though the config names the module. Experts
  /// and their routers may lack theirs: newer versions of transformers hold them as no modules.
  at::Tensor change(std::string_view module, std::int64_t out, std::int64_t in, bool may_lack = false);

  /// The factors themselves, [r, in] and [out, r] in f32, under the same checks; undefined as above.
  struct Factors {
    at::Tensor a, b;
    double scale = 1;
  };
  Factors factors(std::string_view module, std::int64_t out, std::int64_t in, bool may_lack = false);

  /// Throws Error naming a tensor that nothing asked for.
  void demand_all_used() const;

 private:
  std::string own_name(std::string_view module) const;

  const Adapter& adapter_;
  const Family& family_;
  std::string usual_prefix_, prefix_;  // of modules in blocks: the family's, and the adapter's
  std::set<std::string, std::less<>> used_;
};

/// The products of a block that read one input each.
enum class Product { qkv, o, inner, down };

/// A matrix of a block that an adapter can change while it is trained.
struct AdaptableMatrix {
  std::string module;  // as Hugging Face names it
  int block = 0;
  Product product = Product::qkv;
  std::int64_t first = 0;  // of the product's columns
  std::int64_t out = 0, in = 0;
  at::Tensor order;  // [out]: which row of the module's stands in each row here; undefined: all where they were
};

/// All of them, block by block; not those of experts.
std::vector<AdaptableMatrix> adaptable_matrices(const Checkpoint& checkpoint);

/// Which row of the module's stands in each row of what a GGUF file holds, [out]; undefined: all where they were.
at::Tensor gguf_row_order(const WeightName& name, const Family& family, const Config& config);

}  // namespace tertium
