#include "tertium/model/adaptation.h"

#include <fmt/ranges.h>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/formats/adapter.h"
#include "tertium/model/checkpoint.h"

namespace tertium {
namespace {

/// A factor's numbers in f32.
at::Tensor values_of(const TensorView& factor, std::int64_t rows, std::int64_t columns, const std::string& origin) {
  if (factor.shape != std::vector{rows, columns})
    fail("{}: tensor \"{}\" has the shape [{}], but the model asks for [{}, {}]", origin, printable(factor.name, 200),
         fmt::join(factor.shape, ", "), rows, columns);
  at::Tensor values = at::empty({rows, columns}, at::kFloat);
  to_f32(factor, {values.data_ptr<float>(), static_cast<std::size_t>(values.numel())});
  if (!values.isfinite().all().item<bool>())
    fail("{}: tensor \"{}\" holds NaN or infinity; fetch the adapter again", origin, printable(factor.name, 200));
  return values;
}

/// The rows of [heads, 3, head_dim], as q, k and v one after the other.
at::Tensor apart(const Config& config) {
  return at::arange(3 * config.heads * config.head_dim)
      .view({config.heads, 3, config.head_dim})
      .transpose(0, 1)
      .reshape({-1});
}

/// The rows of each head so that rotated pairs are neighbours, as llama.cpp's conversion puts them.
at::Tensor neighbours(int heads, int head_dim) {
  return at::arange(heads * head_dim).view({heads, 2, head_dim / 2}).transpose(1, 2).reshape({-1});
}

}  // namespace

Adaptation::Adaptation(const Adapter& adapter, const Family& family) : adapter_(adapter), family_(family) {
  if (adapter.config().fan_in_fan_out && !family.hf_transposed)
    fail("{}: \"fan_in_fan_out\": is true, but the family {} does not store its matrices so", adapter.origin(),
         family.name);
  const std::string_view embedding = family.names.embedding.hf;
  usual_prefix_ = prefix_ = embedding.substr(0, embedding.find('.') + 1);
  // Names begin as the class does that the adapter was trained in: around a causal model, or inside a multimodal one.
  const std::string_view rest = family.names.o.hf.substr(usual_prefix_.size());
  const std::string layers(rest.substr(0, rest.find('{')));  // "layers."
  for (const std::string& candidate : {"language_model." + usual_prefix_, usual_prefix_ + "language_model.",
                                       "model.language_model." + usual_prefix_, usual_prefix_, std::string()})
    for (const auto& [module, factors] : adapter.modules())
      if (module.starts_with(candidate + layers)) {
        prefix_ = candidate;
        return;
      }
}

std::string Adaptation::own_name(std::string_view module) const {
  return module.starts_with(usual_prefix_) ? prefix_ + std::string(module.substr(usual_prefix_.size()))
                                           : std::string(module);
}

Adaptation::Factors Adaptation::factors(std::string_view module, std::int64_t out, std::int64_t in, bool may_lack) {
  const std::string name = own_name(module), &origin = adapter_.tensors_origin();
  const auto found = adapter_.modules().find(name);
  if (found == adapter_.modules().end()) {
    if (!may_lack && adapter_.config().targets_module(name))
      fail("{}: no tensor \"{}\", though {} names the module; fetch the adapter again", origin,
           printable(factor_name(name, 'A'), 200), adapter_.origin());
    return {};
  }
  used_.insert(name);
  const LowRank& change = found->second;
  const std::int64_t rank = change.a->shape[0];
  return {values_of(*change.a, rank, in, origin), values_of(*change.b, out, rank, origin), change.scale};
}

at::Tensor Adaptation::change(std::string_view module, std::int64_t out, std::int64_t in, bool may_lack) {
  const Factors found = factors(module, out, in, may_lack);
  return found.a.defined() ? at::mm(found.b, found.a) * found.scale : at::Tensor();
}

void Adaptation::demand_all_used() const {
  for (const auto& [name, factors] : adapter_.modules())
    if (!used_.contains(name))
      fail("{}: tensor \"{}\" has no place in the family {}; is the adapter for another model?",
           adapter_.tensors_origin(), printable(factors.a->name, 200), family_.name);
}

at::Tensor gguf_row_order(const WeightName& name, const Family& family, const Config& config) {
  const WeightNames& names = family.names;
  if (name.hf.empty()) return {};
  if (name.hf == names.qkv.hf && family.hf_qkv_by_head) return apart(config);
  if (name.hf == names.q.hf && family.gguf_reorders_qk) return neighbours(config.heads, config.head_dim);
  if (name.hf == names.k.hf && family.gguf_reorders_qk) return neighbours(config.kv_heads, config.head_dim);
  return {};
}

std::vector<AdaptableMatrix> adaptable_matrices(const Checkpoint& checkpoint) {
  const Config& config = checkpoint.config();
  const WeightNames& names = checkpoint.family().names;
  const std::int64_t queries = config.heads * config.head_dim, keys = config.kv_heads * config.head_dim,
                     hidden = config.hidden, width = config.mlp;
  std::vector<AdaptableMatrix> matrices;
  for (int block = 0; block < config.block_count(); ++block) {
    std::int64_t first = 0;  // of a product that several matrices make together
    const auto add = [&](const WeightName& name, Product product, std::int64_t out, std::int64_t in) {
      if (name.hf.empty()) return;
      if (matrices.empty() || matrices.back().product != product) first = 0;
      AdaptableMatrix matrix{fmt::format(fmt::runtime(name.hf), block, 0), block, product, first, out, in, {}};
      // Of Hugging Face's own files, the loader puts q, k and v apart as GGUF files hold them.
      if (checkpoint.is_gguf() || name.hf == names.qkv.hf)
        matrix.order = gguf_row_order(name, checkpoint.family(), config);
      matrices.push_back(std::move(matrix));
      first += out;
    };
    add(names.qkv, Product::qkv, queries + 2 * keys, hidden);
    if (names.qkv.hf.empty()) {
      add(names.q, Product::qkv, queries, hidden);
      add(names.k, Product::qkv, keys, hidden);
      add(names.v, Product::qkv, keys, hidden);
    }
    add(names.o, Product::o, hidden, queries);
    if (config.layers[block].experts) continue;
    add(names.gate_up, Product::inner, 2 * width, hidden);
    if (names.gate_up.hf.empty()) {
      add(names.gate, Product::inner, width, hidden);
      add(names.up, Product::inner, width, hidden);
    }
    add(names.down, Product::down, hidden, width);
  }
  return matrices;
}

}  // namespace tertium
