#include "tertium/training/checkpoint_file.h"

#include <ATen/core/grad_mode.h>

#include <cmath>
#include <cstring>
#include <span>

#include "tertium/base/error.h"
#include "tertium/formats/safetensors.h"

namespace tertium {
namespace {

constexpr const char* kFingerprint = "fingerprint";
constexpr const char* kCounts = "counts";
constexpr const char* kBest = "best";

template <class Number>
TensorView view(const std::string& name, DType dtype, std::vector<std::int64_t> shape, std::span<const Number> numbers) {
  return {name, dtype, std::move(shape), std::as_bytes(numbers)};
}

}  // namespace

void write_checkpoint(const std::filesystem::path& file, const std::string& fingerprint, const TrainingState& state,
                      const std::vector<std::pair<std::string, at::Tensor>>& tensors) {
  const std::vector<std::int64_t> counts = {state.step, state.optimizer_steps, state.best_step, state.waited};
  const std::vector<double> best = {state.best};
  std::vector<TensorView> views = {
      view<char>(kFingerprint, DType::U8, {static_cast<std::int64_t>(fingerprint.size())}, fingerprint),
      view<std::int64_t>(kCounts, DType::I64, {static_cast<std::int64_t>(counts.size())}, counts),
      view<double>(kBest, DType::F64, {1}, best)};
  for (const auto& [name, values] : tensors)
    views.push_back(view<float>(name, DType::F32, values.sizes().vec(),
                                {values.const_data_ptr<float>(), static_cast<std::size_t>(values.numel())}));
  const std::filesystem::path partial = file.string() + ".partial";
  write_safetensors(partial, views);
  std::error_code problem;
  std::filesystem::rename(partial, file, problem);
  if (problem) fail("{}: cannot be written: {}", file.string(), problem.message());
}

TrainingState read_checkpoint(const std::filesystem::path& file, const std::string& fingerprint,
                              const std::vector<std::pair<std::string, at::Tensor>>& tensors) {
  const Safetensors stored(file);
  const auto demand = [&](const std::string& name, DType dtype, const std::vector<std::int64_t>& shape) -> const TensorView& {
    const TensorView* found = stored.find(name);
    if (!found || found->dtype != dtype || found->shape != shape)
      fail("{}: is damaged at \"{}\"; remove it to begin anew", file.string(), name);
    return *found;
  };
  const TensorView* print = stored.find(kFingerprint);
  if (!print || std::string_view(reinterpret_cast<const char*>(print->bytes.data()), print->bytes.size()) != fingerprint)
    fail("{}: was made by a training of something else (model, data or settings); give another --out, or remove the "
         "folder to begin anew",
         file.string());
  std::int64_t counts[4];
  std::memcpy(counts, demand(kCounts, DType::I64, {4}).bytes.data(), sizeof counts);
  TrainingState state{static_cast<int>(counts[0]), static_cast<int>(counts[1]), static_cast<int>(counts[2]),
                      static_cast<int>(counts[3])};
  std::memcpy(&state.best, demand(kBest, DType::F64, {1}).bytes.data(), sizeof state.best);
  const at::NoGradGuard none;
  for (const auto& [name, values] : tensors) {
    const TensorView& tensor = demand(name, DType::F32, values.sizes().vec());
    to_f32(tensor, {values.mutable_data_ptr<float>(), static_cast<std::size_t>(values.numel())});
    if (!values.isfinite().all().item<bool>()) fail("{}: is damaged at \"{}\"; remove it to begin anew", file.string(), name);
  }
  return state;
}

}  // namespace tertium
