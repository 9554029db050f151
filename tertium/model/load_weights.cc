#include "tertium/model/weights.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/formats/mapped_file.h"
#include "tertium/model/adaptation.h"
#include "tertium/model/checkpoint.h"
#include "tertium/model/config.h"
#include "tertium/model/placement.h"
#include "tertium/ops/ops.h"

namespace tertium {
namespace {

using Shape = std::vector<std::int64_t>;

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

/// Whether no exponent has all bits set, which NaN and infinity have.
template <class Bits>
bool all_finite(const Bits* values, std::int64_t count, Bits exponent) {
  std::atomic<bool> finite = true;
  at::parallel_for(0, count, 1 << 18, [&](std::int64_t begin, std::int64_t end) {
    bool good = true;
    for (std::int64_t i = begin; i < end; ++i) good &= (values[i] & exponent) != exponent;
    if (!good) finite = false;
  });
  return finite;
}

bool all_finite(const at::Tensor& values) {
  const void* data = values.const_data_ptr();
  const std::int64_t count = values.numel();
  switch (values.scalar_type()) {
    case at::kBFloat16:
      return all_finite<std::uint16_t>(static_cast<const std::uint16_t*>(data), count, 0x7f80);
    case at::kHalf:
      return all_finite<std::uint16_t>(static_cast<const std::uint16_t*>(data), count, 0x7c00);
    default:
      return all_finite<std::uint32_t>(static_cast<const std::uint32_t*>(data), count, 0x7f800000);
  }
}

// 64-bit products: the numbers of a config are untrusted.
std::int64_t query_width(const Config& config) { return std::int64_t{config.heads} * config.head_dim; }
std::int64_t key_width(const Config& config) { return std::int64_t{config.kv_heads} * config.head_dim; }

std::string spelled(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

/// Takes a checkpoint's tensors by name and shape, as the block equations want them, to where these run.
class Loader {
 public:
  /// `adapter`: null, or what is added to the weights.
  Loader(Checkpoint& checkpoint, at::ScalarType type, const Placement& placement, Adaptation* adapter)
      : checkpoint_(checkpoint),
        placement_(placement),
        config_(checkpoint.config()),
        family_(checkpoint.family()),
        type_(type),
        adapter_(adapter) {}

  bool has(const WeightName& name) const { return !checkpoint_.spelled(name).empty(); }

  /// Where the file lies.
  at::Tensor table(const WeightName& name, std::int64_t out, std::int64_t in) {
    const std::string full = checkpoint_.spelled(name, block) + ".weight";
    return values(full, {out, in}, factor_type(full));
  }

  Linear linear(const WeightName& name, std::int64_t out, std::int64_t in, bool bias, int expert = 0) {
    Linear linear{ops().matrix({weight(name, out, in, expert)}, type_), bias_of(name, out, bias, expert)};
    forget(name, expert);
    return linear;
  }

  /// The embedding, then the output head, which is the same where the config ties the two and the file does not hold
  /// another head.
  void embedding_and_head(const WeightNames& names, Weights& weights) {
    const std::string name = checkpoint_.spelled(names.head) + ".weight";
    at::Tensor table = this->table(names.embedding, config_.vocabulary, config_.hidden);
    block = 0;
    const Ops& first = ops();
    weights.embedding = first.matrix({table}, type_);
    block = config_.block_count();
    bool is_tied = config_.tied;
    if (is_tied) {
      const TensorView* stored = checkpoint_.find(name);
      const TensorView& tied = checkpoint_.tensor(checkpoint_.spelled(names.embedding) + ".weight");
      is_tied = !stored || std::ranges::equal(stored->bytes, tied.bytes);
    }
    const at::Tensor change = change_of(names.head, config_.vocabulary, config_.hidden);
    if (is_tied && !change.defined() && &first == &ops()) {
      weights.head = weights.embedding;
    } else {
      if (!is_tied) table = this->table(names.head, config_.vocabulary, config_.hidden);
      weights.head = ops().matrix({adapted(table, change, name)}, type_);
      if (!is_tied) forget(names.head);
    }
    forget(names.embedding);
    block = 0;
  }

  /// As factors in f32: 1 + w where the family stores them so.
  NormWeights norm(const WeightName& name, const Shape& shape) {
    if (!has(name)) return {};
    const std::string base = checkpoint_.spelled(name, block);
    NormWeights norm;
    norm.weight = ops().here(values(base + ".weight", shape, at::kFloat));
    if (config_.norm_adds_one) norm.weight = 1 + norm.weight;
    if (config_.biases.norm) norm.bias = ops().here(values(base + ".bias", shape, at::kFloat));
    return norm;
  }

  NormWeights norm(const WeightName& name) { return norm(name, {config_.hidden}); }

  /// The norm of q or k, of `heads` heads.
  NormWeights qk_norm(const WeightName& name, std::int64_t heads) {
    switch (config_.qk_norm) {
      case QkNorm::none:
        return {};
      case QkNorm::head:
        return norm(name, {config_.head_dim});
      case QkNorm::own_head:
        return norm(name, {heads, config_.head_dim});
      case QkNorm::whole:
        return norm(name, {heads * config_.head_dim});
    }
    return {};
  }

  /// Matrices [out, in] of one input, by name and number of rows.
  Stack stack(const std::vector<std::pair<WeightName, std::int64_t>>& members, std::int64_t in, bool bias,
              int expert = 0) {
    std::vector<at::Tensor> weights, biases;
    for (const auto& [name, out] : members) {
      weights.push_back(weight(name, out, in, expert));
      biases.push_back(bias_of(name, out, bias, expert));
    }
    // Memory that is not LibTorch's own cannot be resized by it: that of the mapped files.
    const auto lies_in_file = [&](const at::Tensor& part) {
      return part.scalar_type() == type_ && !part.storage().resizable();
    };
    if (!ops().packs(type_) && std::all_of(weights.begin(), weights.end(), lies_in_file)) {
      Stack parts;
      for (std::size_t i = 0; i < weights.size(); ++i) parts.push_back({ops().matrix({weights[i]}, type_), biases[i]});
      return parts;
    }
    Stack packed = {{ops().matrix(weights, type_), bias ? at::cat(biases) : at::Tensor()}};
    for (const auto& [name, out] : members) forget(name, expert);
    return packed;
  }

  /// q, k and v, from one matrix or from three.
  Stack qkv(const WeightNames& names) {
    const std::int64_t queries = query_width(config_), keys = key_width(config_), hidden = config_.hidden;
    const bool bias = config_.biases.qkv;
    if (!has(names.qkv)) return stack({{names.q, queries}, {names.k, keys}, {names.v, keys}}, hidden, bias);
    at::Tensor all = weight(names.qkv, queries + 2 * keys, hidden),
               offsets = bias_of(names.qkv, queries + 2 * keys, bias);
    if (!checkpoint_.is_gguf() && family_.hf_qkv_by_head) {
      const auto apart = [&](const at::Tensor& rows) {
        return rows.view({config_.heads, 3, config_.head_dim, -1}).transpose(0, 1).reshape(rows.sizes());
      };
      all = apart(all);
      if (bias) offsets = apart(offsets);
    }
    Stack packed = {{ops().matrix({all}, type_), offsets}};
    forget(names.qkv);
    return packed;
  }

  MlpWeights mlp(const WeightNames& names) {
    const std::int64_t width = config_.mlp, hidden = config_.hidden;
    const bool bias = config_.biases.mlp;
    MlpWeights mlp;
    mlp.gated = has(names.gate) || has(names.gate_up);
    if (has(names.gate_up))
      mlp.inner = {linear(names.gate_up, 2 * width, hidden, bias)};
    else if (mlp.gated)
      mlp.inner = stack({{names.gate, width}, {names.up, width}}, hidden, bias);
    else
      mlp.inner = {linear(names.up, width, hidden, bias)};
    mlp.down = linear(names.down, hidden, width, bias);
    return mlp;
  }

  /// Added one by one: the file, not the config, says how many there are.
  std::vector<MlpWeights> experts(const WeightNames& names) {
    const std::int64_t count = config_.experts.count, width = config_.experts.width, hidden = config_.hidden;
    std::vector<MlpWeights> experts;
    if (checkpoint_.is_gguf()) {
      const auto all = [&](const WeightName& name, std::int64_t out, std::int64_t in) {
        const std::string full = checkpoint_.spelled(name, block) + ".weight";
        return values(full, {count, out, in}, factor_type(full));
      };
      const at::Tensor gate = all(names.expert_gate, width, hidden), up = all(names.expert_up, width, hidden),
                       down = all(names.expert_down, hidden, width);
      for (std::int64_t e = 0; e < count; ++e) {
        const auto own = [&](const WeightName& name, const at::Tensor& matrix) {
          const at::Tensor change = change_of(name, matrix.size(0), matrix.size(1), static_cast<int>(e));
          return adapted(matrix, change, checkpoint_.spelled(name, block));
        };
        experts.push_back(
            {.inner = {{ops().matrix({own(names.expert_gate, gate[e]), own(names.expert_up, up[e])}, type_), {}}},
             .gated = true,
             .down = {ops().matrix({own(names.expert_down, down[e])}, type_), {}}});
      }
      return experts;
    }
    for (std::int64_t e = 0; e < count; ++e) {
      const int expert = static_cast<int>(e);
      experts.push_back({.inner = stack({{names.expert_gate, width}, {names.expert_up, width}}, hidden, false, expert),
                         .gated = true,
                         .down = linear(names.expert_down, hidden, width, false, expert)});
    }
    return experts;
  }

  at::Tensor router(const WeightName& name) {
    const std::string full = checkpoint_.spelled(name, block) + ".weight";
    const std::int64_t count = config_.experts.count;
    return ops().here(
        adapted(values(full, {count, config_.hidden}, at::kFloat), change_of(name, count, config_.hidden), full));
  }

  Xielu xielu(const WeightName& name) {
    const std::string base = checkpoint_.spelled(name, block);
    const auto number = [&](const char* part) {
      const TensorView& stored = checkpoint_.tensor(base + part);
      if (stored.count() != 1) fail("{}: tensor \"{}\" is not one number", checkpoint_.origin(), stored.name);
      return checked(in_f32(stored), stored.name).item<double>();
    };
    // The two weights are stored as what softplus makes positive.
    const auto positive = [](double x) { return std::log1p(std::exp(x)); };
    const double slope = number(".beta");
    return {positive(number(".alpha_p")), slope + positive(number(".alpha_n")), slope, number(".eps")};
  }

  int block = 0;  // the one being loaded; block_count(): what lies behind them

 private:
  const Ops& ops() const { return placement_.of(block); }

  at::Tensor weight(const WeightName& name, std::int64_t out, std::int64_t in, int expert = 0) {
    const std::string full = checkpoint_.spelled(name, block, expert) + ".weight";
    const bool transposed = !checkpoint_.is_gguf() && family_.hf_transposed;
    const auto stored = [&](at::ScalarType type) {
      return transposed ? values(full, {in, out}, type).t().contiguous() : values(full, {out, in}, type);
    };
    const at::Tensor change = change_of(name, out, in, expert);
    // The adapter is added in f32, and the sum is rounded once.
    return change.defined() ? checked((stored(at::kFloat) + change).to(type_), full) : stored(factor_type(full));
  }

  /// What the adapter adds to a matrix, in the order of the file's rows; undefined if nothing.
  at::Tensor change_of(const WeightName& name, std::int64_t out, std::int64_t in, int expert = 0) {
    if (!adapter_ || name.hf.empty()) return {};
    const WeightNames& names = family_.names;
    const bool may_lack = name.hf == names.router.hf || name.hf == names.expert_gate.hf ||
                          name.hf == names.expert_up.hf || name.hf == names.expert_down.hf;
    const at::Tensor change = adapter_->change(fmt::format(fmt::runtime(name.hf), block, expert), out, in, may_lack);
    if (!change.defined() || !checkpoint_.is_gguf()) return change;
    const at::Tensor order = gguf_row_order(name, family_, config_);
    return order.defined() ? change.index_select(0, order) : change;
  }

  /// The sum, in the matrix's own type, or in f32 where that is the type of products.
  at::Tensor adapted(const at::Tensor& matrix, const at::Tensor& change, const std::string& name) const {
    if (!change.defined()) return matrix;
    const at::Tensor sum = matrix.to(at::kCPU, at::kFloat) + change;
    const at::ScalarType type = type_ == at::kFloat ? type_ : matrix.scalar_type();
    return checked(sum.to(type), name).to(matrix.device());
  }

  /// A packed matrix is a copy: the memory of the file's own bytes may go.
  void forget(const WeightName& name, int expert = 0) {
    if (ops().packs(type_))
      give_back_pages(checkpoint_.tensor(checkpoint_.spelled(name, block, expert) + ".weight").bytes);
  }

  at::Tensor bias_of(const WeightName& name, std::int64_t out, bool wanted, int expert = 0) {
    return wanted ? ops().here(values(checkpoint_.spelled(name, block, expert) + ".bias", {out}, type_)) : at::Tensor();
  }

  /// What a matrix is read in: the type of products, or where this is f32 the half precision that the file may have.
  at::ScalarType factor_type(const std::string& name) const {
    return type_ == at::kFloat ? torch_type(checkpoint_.tensor(name).dtype).value_or(type_) : type_;
  }

  at::Tensor values(const std::string& name, const Shape& shape, at::ScalarType type) {
    const TensorView& stored = checkpoint_.tensor(name);
    if (stored.shape != shape)
      fail("{}: tensor \"{}\" has the shape {}, but its config asks for {}", checkpoint_.origin(), name,
           spelled(stored.shape), spelled(shape));
    const at::Tensor view = view_of(stored, type);
    if (view.defined()) return checked(view, name);
    at::Tensor converted = in_f32(stored);
    if (is_f8(stored.dtype)) converted = scaled(converted, name);
    return checked(converted.to(type), name);
  }

  at::Tensor in_f32(const TensorView& stored) const {
    if (!holds_floats(stored.dtype))
      fail("{}: tensor \"{}\" is stored as {}, not as floating-point numbers; use another version of the model",
           checkpoint_.origin(), printable(stored.name), layout(stored.dtype).name);
    at::Tensor values = at::empty(stored.shape, at::kFloat);
    to_f32(stored, {values.data_ptr<float>(), static_cast<std::size_t>(values.numel())});
    return values;
  }

  const at::Tensor& checked(const at::Tensor& values, const std::string& name) const {
    if (!all_finite(values))
      fail(
          "{}: tensor \"{}\" holds NaN or infinity; the file is damaged or does not fit the dtype, so fetch it again "
          "or try dtype f32",
          checkpoint_.origin(), name);
    return values;
  }

  /// F8 weights [out, in] times their scale, each block of them with its own.
  at::Tensor scaled(const at::Tensor& weight, const std::string& name) {
    const TensorView* stored = checkpoint_.find(name + "_scale_inv");
    if (!stored) stored = checkpoint_.find(name + "_scale");
    if (!stored) fail("{}: tensor \"{}\" is F8 without a scale beside it", checkpoint_.origin(), name);
    if (weight.dim() != 2) fail("{}: tensor \"{}\" is F8, but no matrix", checkpoint_.origin(), name);
    const std::int64_t out = weight.size(0), in = weight.size(1);
    const auto blocks = scale_blocks(checkpoint_.f8_scaling(), out, in, stored->shape);
    if (blocks.size() != 1)
      fail("{}: tensor \"{}\" of the shape {} scales one of {} in {} way that quantization_config names; {}",
           checkpoint_.origin(), stored->name, spelled(stored->shape), spelled({out, in}),
           blocks.empty() ? "no" : "more than one", "correct it, or use the unquantized model");
    const auto [rows, columns] = blocks.front();
    const std::int64_t row_blocks = (out - 1) / rows + 1, column_blocks = (in - 1) / columns + 1;
    at::Tensor scale = in_f32(*stored).view({row_blocks, column_blocks});
    scale = scale.repeat_interleave(rows, 0).narrow(0, 0, out);
    if (column_blocks > 1) scale = scale.repeat_interleave(columns, 1).narrow(1, 0, in);
    return weight * scale;
  }

  Checkpoint& checkpoint_;
  const Placement& placement_;
  const Config& config_;
  const Family& family_;
  at::ScalarType type_;
  Adaptation* adapter_;
};

BlockWeights load_block(Loader& load, const WeightNames& names, const Config& config, int b) {
  load.block = b;
  const std::int64_t hidden = config.hidden;
  BlockWeights block{
      .attn_norm = load.norm(names.attn_norm),
      .attn_post_norm = load.norm(names.attn_post_norm),
      .qkv = load.qkv(names),
      .q_norm = load.qk_norm(names.q_norm, config.heads),
      .k_norm = load.qk_norm(names.k_norm, config.kv_heads),
      .o = load.linear(names.o, hidden, query_width(config), config.biases.attn_output),
      .mlp_norm = load.norm(names.mlp_norm),
      .mlp_post_norm = load.norm(names.mlp_post_norm),
  };
  if (config.layers[b].experts) {
    block.router = load.router(names.router);
    block.experts = load.experts(names);
  } else {
    block.mlp = load.mlp(names);
  }
  if (config.activation == Activation::xielu) block.xielu = load.xielu(names.xielu);
  return block;
}

/// sin and cos of position x frequency, side by side, as XGLM computes them: [context, D].
at::Tensor sinusoidal_positions(const Config& config) {
  constexpr int kFirst = 2;  // the model counts its positions from here
  const std::int64_t half = config.hidden / 2;
  const at::Tensor frequency = (at::arange(half, at::kFloat) * -(std::log(10000.0) / (half - 1))).exp_();
  const at::Tensor angle =
      at::arange(kFirst, kFirst + std::int64_t{config.context}, at::kFloat).unsqueeze(1) * frequency;
  return at::cat({angle.sin(), angle.cos()}, 1);
}

}  // namespace

Weights load_weights(std::shared_ptr<Checkpoint> checkpoint, Precision precision, const Placement& placement,
                     const Adapter* adapter) {
  const Config& config = checkpoint->config();
  const WeightNames& names = checkpoint->family().names;
  std::optional<Adaptation> adaptation;
  if (adapter) adaptation.emplace(*adapter, checkpoint->family());
  Loader load(*checkpoint, scalar_type(precision), placement, adaptation ? &*adaptation : nullptr);

  Weights weights;
  load.embedding_and_head(names, weights);
  weights.embedding_norm = load.norm(names.embedding_norm);
  if (config.positions == Positions::learned)
    weights.positions = placement.of(0).here(load.table(names.positions, config.context, config.hidden).to(at::kFloat));
  if (config.positions == Positions::sinusoidal) {
    constexpr std::int64_t kMost = std::int64_t{1} << 30;  // numbers; no file holds them, so that none bounds them
    if (std::int64_t{config.context} * config.hidden > kMost)
      fail("{}: its config asks for {} positions of {} numbers, more than any such model has", checkpoint->origin(),
           config.context, config.hidden);
    weights.positions = placement.of(0).here(sinusoidal_positions(config));
  }
  for (int b = 0; b < config.block_count(); ++b) weights.blocks.push_back(load_block(load, names, config, b));
  load.block = config.block_count();
  weights.final_norm = load.norm(names.final_norm);
  checkpoint->demand_all_used();
  if (adaptation) adaptation->demand_all_used();
  weights.backing = std::move(checkpoint);
  return weights;
}

}  // namespace tertium
