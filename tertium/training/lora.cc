#include "tertium/training/lora.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tertium/base/error.h"
#include "tertium/base/hash.h"
#include "tertium/base/text.h"
#include "tertium/model/checkpoint.h"
#include "tertium/model/weights.h"

namespace tertium {
namespace {

using at::Tensor;

const Checkpoint& checkpoint_of(const Model& model) {
  if (!model.weights().backing) fail("adapters need a model from files");
  return *model.weights().backing;
}

at::Generator seeded(std::uint64_t seed) { return at::make_generator<at::CPUGeneratorImpl>(seed); }

std::string last_part(const std::string& module) { return module.substr(module.rfind('.') + 1); }

/// x with a share of its numbers zero, and the others larger by as much.
Tensor dropped(const Tensor& x, double share, std::uint64_t seed) {
  const Tensor kept = at::empty(x.sizes(), x.options().requires_grad(false)).bernoulli_(1 - share, seeded(seed));
  return x * kept / (1 - share);
}

}  // namespace

void LiveAdapter::add(const AdaptableMatrix& place, Tensor a, Tensor b, double scale) {
  if (a.defined()) {
    a.requires_grad_();
    b.requires_grad_();
    parameters_.emplace_back(factor_name(place.module, 'A'), a);
    parameters_.emplace_back(factor_name(place.module, 'B'), b);
    if (first_block_ < 0) first_block_ = place.block;
  }
  matrices_[{place.block, place.product}].push_back({place, std::move(a), std::move(b), scale});
}

LiveAdapter LiveAdapter::fresh(const Model& model, const TrainSpec& spec) {
  LiveAdapter live;
  const Checkpoint& checkpoint = checkpoint_of(model);
  std::set<std::string> known, used;
  for (const AdaptableMatrix& place : adaptable_matrices(checkpoint)) {
    const std::string name = last_part(place.module);
    known.insert(name);
    const bool wanted = spec.targets.empty() || std::ranges::find(spec.targets, name) != spec.targets.end();
    if (!wanted) {
      live.add(place, {}, {}, 0);
      continue;
    }
    used.insert(name);
    const double bound = 1 / std::sqrt(static_cast<double>(place.in));  // sqrt(6 / ((1 + 5) in))
    Tensor a = at::empty({spec.rank, place.in}, at::kFloat)
                   .uniform_(-bound, bound, seeded(stable_hash(spec.seed, {"lora", place.module})));
    live.add(place, std::move(a), at::zeros({place.out, spec.rank}, at::kFloat), spec.alpha / spec.rank);
  }
  for (const std::string& target : spec.targets)
    if (!used.contains(target))
      fail("train.targets: \"{}\": the family {} has {}", printable(target), model.config().family,
           join({known.begin(), known.end()}));
  live.config_ = {.rank = spec.rank,
                  .alpha = spec.alpha,
                  .dropout = spec.dropout,
                  .fan_in_fan_out = checkpoint.family().hf_transposed};
  live.config_.targets.names = {used.begin(), used.end()};
  return live;
}

LiveAdapter LiveAdapter::read(const Model& model, const Adapter& adapter) {
  LiveAdapter live;
  const Checkpoint& checkpoint = checkpoint_of(model);
  Adaptation adaptation(adapter, checkpoint.family());
  for (const AdaptableMatrix& place : adaptable_matrices(checkpoint)) {
    auto [a, b, scale] = adaptation.factors(place.module, place.out, place.in);
    live.add(place, std::move(a), std::move(b), scale);
  }
  adaptation.demand_all_used();
  live.config_ = adapter.config();
  return live;
}

Addition LiveAdapter::addition(bool training, std::uint64_t dropout_seed) const {
  return [this, training, dropout_seed](int b, Product product, const Tensor& x) {
    const auto found = matrices_.find({b, product});
    if (found == matrices_.end()) return Tensor();
    std::vector<Tensor> columns;
    bool any = false;
    for (const Matrix& matrix : found->second) {
      if (!matrix.a.defined()) {
        columns.push_back(at::zeros({x.size(0), matrix.place.out}, at::kFloat));
        continue;
      }
      any = true;
      const double share = training ? config_.dropout : 0;
      const Tensor read = share > 0 ? dropped(x, share, stable_hash(dropout_seed, {matrix.place.module})) : x;
      const Tensor rows = matrix.place.order.defined() ? matrix.b.index_select(0, matrix.place.order) : matrix.b;
      columns.push_back(at::linear(at::linear(read, matrix.a), rows) * matrix.scale);  // [R, out]
    }
    if (!any) return Tensor();
    return columns.size() == 1 ? columns.front() : at::cat(columns, -1);
  };
}

void LiveAdapter::write(const std::filesystem::path& folder, const std::string& base) const {
  AdapterConfig config = config_;
  config.base = base;
  std::vector<TensorView> tensors;
  for (const auto& [name, values] : parameters_)
    tensors.push_back({name, DType::F32, values.sizes().vec(),
                       std::as_bytes(std::span(values.const_data_ptr<float>(), static_cast<std::size_t>(values.numel())))});
  write_adapter(folder, config, tensors);
}

}  // namespace tertium
