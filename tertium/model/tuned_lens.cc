#include "tertium/model/tuned_lens.h"

#include <ATen/ATen.h>

#include <vector>

#include "tertium/base/error.h"
#include "tertium/base/hash.h"
#include "tertium/base/text.h"
#include "tertium/formats/safetensors.h"
#include "tertium/model/config.h"

namespace tertium {
namespace {

/// A tensor of the file in f32.
at::Tensor read_tensor(const TensorView& stored, const std::vector<std::int64_t>& shape, const std::string& file) {
  const std::string name = printable(stored.name);
  if (stored.shape != shape)
    fail("{}: {} has the shape [{}], but this model's lens takes [{}]; is it another model's?", file, name,
         fmt::join(stored.shape, ", "), fmt::join(shape, ", "));
  if (!holds_floats(stored.dtype))
    fail("{}: {} holds {}, no numbers with a point", file, name, layout(stored.dtype).name);
  const at::Tensor values = at::empty(shape, at::kFloat);
  to_f32(stored, {values.data_ptr<float>(), static_cast<std::size_t>(values.numel())});
  if (!values.isfinite().all().item<bool>())
    fail("{}: {} holds NaN or infinite numbers; convert the lens again", file, name);
  return values;
}

struct Translator {
  at::Tensor weight, bias;  // [D, D], [D]
};

}  // namespace

struct TunedLens::Translators {
  std::vector<Translator> of_index;  // [L]
};

TunedLens::TunedLens(const std::filesystem::path& path, const Config& config) : hash_(sha256_file(path)) {
  const Safetensors stored(path);
  const auto read = std::make_shared<Translators>();
  translators_ = read;
  const std::string file = printable(path.string(), 200);
  std::size_t used = 0;
  for (int index = 0; index < config.block_count(); ++index) {
    const std::string name = fmt::format("translator.{}.", index);
    const TensorView *weight = stored.find(name + "weight"), *bias = stored.find(name + "bias");
    if (!weight)
      fail("{}: {}weight is missing; a tuned lens of this model has translators 0 to {}, as translator.0.weight", file,
           name, config.block_count() - 1);
    Translator translator{read_tensor(*weight, {config.hidden, config.hidden}, file), {}};
    if (bias) translator.bias = read_tensor(*bias, {config.hidden}, file);
    used += bias ? 2 : 1;
    read->of_index.push_back(std::move(translator));
  }
  if (used == stored.tensors().size()) return;
  for (const TensorView& tensor : stored.tensors()) {
    bool known = false;
    for (int index = 0; index < config.block_count() && !known; ++index)
      for (const char* part : {"weight", "bias"}) known |= tensor.name == fmt::format("translator.{}.{}", index, part);
    if (!known)
      fail("{}: {} has no place in a tuned lens of this model, which has {} blocks", file, printable(tensor.name),
           config.block_count());
  }
}

at::Tensor TunedLens::translated(std::size_t index, const at::Tensor& states) const {
  if (index >= translators_->of_index.size()) return states;
  const Translator& translator = translators_->of_index[index];
  return states + at::linear(states, translator.weight, translator.bias);
}

}  // namespace tertium
