#include "tertium/model/model.h"

#include <mutex>
#include <optional>

#include "tertium/base/error.h"
#include "tertium/base/text.h"
#include "tertium/formats/adapter.h"
#include "tertium/model/checkpoint.h"
#include "tertium/model/placement.h"
#include "tertium/model/torch_error.h"
#include "tertium/model/weights.h"
#include "tertium/ops/ops.h"

namespace tertium {

struct Model::PlainWeights {
  std::once_flag once;
  std::optional<Weights> weights;
};

std::string_view to_string(Precision precision) {
  switch (precision) {
    case Precision::bf16:
      return "bf16";
    case Precision::f16:
      return "f16";
    default:
      return "f32";
  }
}

Precision precision_named(std::string_view name, const Config& config, const Hardware& hardware) {
  if (name == "f32") return Precision::f32;
  if (name == "bf16") return Precision::bf16;
  if (name == "f16") return Precision::f16;
  if (name != "auto") fail("dtype \"{}\": tertium knows f32, bf16, f16, auto", printable(name));
  const bool stored_in_f32 = config.stored_dtype == "float32" || config.stored_dtype == "GGUF F32";
  return !stored_in_f32 && ops_for(hardware)->multiplies_bf16() ? Precision::bf16 : Precision::f32;
}

Model Model::load(const std::filesystem::path& path, std::string_view dtype, const std::filesystem::path& adapter,
                  const Hardware& hardware) {
  auto checkpoint = std::make_shared<Checkpoint>(path);
  std::optional<Adapter> changes;
  if (!adapter.empty()) changes.emplace(adapter);
  Model model;
  model.config_ = std::make_shared<const Config>(checkpoint->config());
  model.files_ = checkpoint->files();
  if (changes) model.files_.insert(model.files_.end(), changes->files().begin(), changes->files().end());
  model.precision_ = precision_named(dtype, *model.config_, hardware);
  model.placement_ = std::make_shared<const Placement>(hardware, *model.config_, model.precision_);
  model.weights_ = with_torch_errors(path.string(), [&] {
    return std::make_shared<const Weights>(
        load_weights(std::move(checkpoint), model.precision_, *model.placement_, changes ? &*changes : nullptr));
  });
  model.plain_ = std::make_shared<PlainWeights>();
  model.demand_unchanged();
  return model;
}

const Ops& Model::ops(int block) const { return placement_->of(block); }

const Ops& Model::last_ops() const { return ops(config_->block_count()); }

int Model::passes_at_once(int threads) const { return placement_->passes_at_once(threads); }

double Model::spare_memory() const { return placement_->spare_memory(); }

const Weights& Model::plain_weights() const {
  std::call_once(plain_->once, [&] { plain_->weights = plain(*weights_); });
  return *plain_->weights;
}

std::string Model::device() const { return placement_->device(); }

std::string Model::kernels() const { return placement_->kernels(); }

std::string Model::place() const {
  if (placement_->is_split() || !ops(0).device().is_cpu()) return device();
  return kernels() == "tuned" ? "the CPU" : "the CPU with kernels " + kernels();
}

Model Model::random(const Config& config, std::string_view dtype, const Hardware& hardware) {
  Model model;
  model.config_ = std::make_shared<const Config>(config);
  model.precision_ = precision_named(dtype, config, hardware);
  model.placement_ = std::make_shared<const Placement>(hardware, config, model.precision_);
  model.weights_ = with_torch_errors("random weights", [&] {
    return std::make_shared<const Weights>(random_weights(config, model.precision_, *model.placement_));
  });
  model.plain_ = std::make_shared<PlainWeights>();
  return model;
}

}  // namespace tertium
