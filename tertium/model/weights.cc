#include "tertium/model/weights.h"

#include <cstdint>

#include "tertium/base/error.h"

namespace tertium {
namespace {

std::optional<at::ScalarType> torch_type(DType dtype) {
  switch (dtype) {
    case DType::F32:
      return at::kFloat;
    case DType::F16:
      return at::kHalf;
    case DType::BF16:
      return at::kBFloat16;
    default:
      return std::nullopt;
  }
}

/// The file's own bytes as a tensor, without a copy; undefined if their type or alignment does not allow it.
at::Tensor view_of(const TensorView& stored, at::ScalarType wanted) {
  const std::optional<at::ScalarType> type = torch_type(stored.dtype);
  const auto address = reinterpret_cast<std::uintptr_t>(stored.bytes.data());
  if (type != wanted || address % c10::elementSize(wanted) != 0) return {};
  // from_blob wants a mutable pointer; the mapping is read-only and nothing writes weights.
  return at::from_blob(const_cast<std::byte*>(stored.bytes.data()), stored.shape, at::TensorOptions(wanted));
}

at::Tensor converted(const TensorView& stored, at::ScalarType wanted) {
  at::Tensor values = at::empty(stored.shape, at::kFloat);
  to_f32(stored, {values.data_ptr<float>(), static_cast<std::size_t>(values.numel())});
  return values.to(wanted);
}

/// Takes a checkpoint's tensors by name and shape, as the block equations want them.
class Loader {
 public:
  Loader(Checkpoint& checkpoint, at::ScalarType type)
      : checkpoint_(checkpoint), config_(checkpoint.config()), type_(type) {}

  at::Tensor matrix(const WeightName& name, int block, std::int64_t out, std::int64_t in) {
    return stored(name, block, {out, in}, type_);
  }

  /// As a factor in f32: 1 + w where the family stores it so.
  at::Tensor norm(const WeightName& name, int block, std::int64_t width) {
    if (!name) return {};
    const at::Tensor weight = stored(name, block, {width}, at::kFloat);
    return config_.norm_adds_one ? 1 + weight : weight;
  }

  /// q or k, [heads * head_dim, D], with the two halves of each head apart, as the rotation expects them.
  at::Tensor rotated(const WeightName& name, int block, std::int64_t heads) {
    const at::Tensor weight = matrix(name, block, heads * config_.head_dim, config_.hidden);
    if (!checkpoint_.is_gguf() || !checkpoint_.family().gguf_interleaves_qk) return weight;
    return weight.view({heads, config_.head_dim / 2, 2, config_.hidden}).transpose(1, 2).reshape(weight.sizes());
  }

 private:
  at::Tensor stored(const WeightName& name, int block, const std::vector<std::int64_t>& shape, at::ScalarType type) {
    const TensorView& tensor = checkpoint_.tensor(name, block, shape);
    const at::Tensor view = view_of(tensor, type);
    const at::Tensor values = view.defined() ? view : converted(tensor, type);
    // A sum is finite only if all it adds is (in f64, f32 values cannot overflow it).
    if (!std::isfinite(values.sum(at::kDouble).item<double>()))
      fail(
          "{}: tensor \"{}\" holds NaN or infinity; the file is damaged or does not fit the dtype, so fetch it again "
          "or try dtype f32",
          checkpoint_.origin(), tensor.name);
    return values;
  }

  Checkpoint& checkpoint_;
  const Config& config_;
  at::ScalarType type_;
};

BlockWeights load_block(Loader& load, const WeightNames& names, const Config& config, int b) {
  const std::int64_t hidden = config.hidden, attention = config.heads * config.head_dim,
                     kv = config.kv_heads * config.head_dim;
  return {
      .attn_norm = load.norm(names.attn_norm, b, hidden),
      .attn_post_norm = load.norm(names.attn_post_norm, b, hidden),
      .q = load.rotated(names.q, b, config.heads),
      .k = load.rotated(names.k, b, config.kv_heads),
      .v = load.matrix(names.v, b, kv, hidden),
      .q_norm = load.norm(names.q_norm, b, config.head_dim),
      .k_norm = load.norm(names.k_norm, b, config.head_dim),
      .o = load.matrix(names.o, b, hidden, attention),
      .mlp_norm = load.norm(names.mlp_norm, b, hidden),
      .mlp_post_norm = load.norm(names.mlp_post_norm, b, hidden),
      .gate = load.matrix(names.gate, b, config.mlp, hidden),
      .up = load.matrix(names.up, b, config.mlp, hidden),
      .down = load.matrix(names.down, b, hidden, config.mlp),
  };
}

}  // namespace

at::ScalarType scalar_type(Precision precision) {
  switch (precision) {
    case Precision::bf16:
      return at::kBFloat16;
    case Precision::f16:
      return at::kHalf;
    default:
      return at::kFloat;
  }
}

Weights load_weights(std::shared_ptr<Checkpoint> checkpoint, Precision precision) {
  const Config& config = checkpoint->config();
  const WeightNames& names = checkpoint->family().names;
  constexpr int kNoBlock = -1;
  Loader load(*checkpoint, scalar_type(precision));

  Weights weights;
  weights.embedding = load.matrix(names.embedding, kNoBlock, config.vocabulary, config.hidden);
  for (int b = 0; b < config.block_count(); ++b) weights.blocks.push_back(load_block(load, names, config, b));
  weights.final_norm = load.norm(names.final_norm, kNoBlock, config.hidden);
  weights.head = config.tied ? weights.embedding : load.matrix(names.head, kNoBlock, config.vocabulary, config.hidden);
  for (const Rope& rope : config.ropes)
    weights.frequencies.push_back(at::tensor(inverse_frequencies(rope, config.head_dim)));
  checkpoint->demand_all_used();
  weights.backing = std::move(checkpoint);
  return weights;
}

}  // namespace tertium
