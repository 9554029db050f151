#include "tertium/training/golden.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "tertium/base/error.h"
#include "tertium/formats/safetensors.h"
#include "tertium/model/config.h"
#include "tertium/model/sizes.h"
#include "tertium/model/torch_error.h"
#include "tertium/training/losses.h"
#include "tertium/training/lora.h"
#include "tertium/training/optimizer.h"

namespace tertium {
namespace {

using at::Tensor;

constexpr double kLoss = 1e-5, kGradient = 1e-4, kSteps = 1e-3;

/// The numbers of such a file.
class Expected {
 public:
  explicit Expected(const std::filesystem::path& path) : path_(path.string()), file_(path) {}

  bool has(const std::string& name) const { return file_.find(name) != nullptr; }

  Tensor floats(const std::string& name) const {
    const TensorView& tensor = named(name);
    if (!holds_floats(tensor.dtype)) fail("{}: tensor \"{}\" holds no floating-point numbers", path_, name);
    Tensor values = at::empty(tensor.shape, at::kFloat);
    to_f32(tensor, {values.data_ptr<float>(), static_cast<std::size_t>(values.numel())});
    return values;
  }
  std::vector<std::int64_t> integers(const std::string& name) const {
    const TensorView& tensor = named(name);
    if (tensor.dtype != DType::I64 || tensor.count() == 0) fail("{}: tensor \"{}\" holds no I64 numbers", path_, name);
    std::vector<std::int64_t> values(tensor.count());
    std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
    return values;
  }
  std::vector<std::int32_t> ids(const std::string& name, int vocabulary) const {
    const std::vector<std::int64_t> wide = integers(name);
    for (const std::int64_t id : wide) demand_embedded(id, vocabulary, fmt::format("{}: tensor \"{}\"", path_, name));
    return {wide.begin(), wide.end()};
  }
  const std::string& path() const { return path_; }

 private:
  const TensorView& named(const std::string& name) const {
    const TensorView* found = file_.find(name);
    if (!found) fail("{}: no tensor \"{}\"", path_, name);
    return *found;
  }

  std::string path_;
  Safetensors file_;
};

/// The largest difference, absolute or relative to the largest expected number. NaN counts as infinitely far.
double difference(const Tensor& ours, const Tensor& expected, bool relative, const std::string& name) {
  if (ours.sizes() != expected.sizes()) fail("tensor \"{}\" is of another shape than the adapter's", name);
  const double largest = (ours - expected).abs().max().item<double>();
  const double scale = relative ? expected.abs().max().item<double>() : 1;
  const double found = scale > 0 ? largest / scale : largest;
  return std::isnan(found) ? std::numeric_limits<double>::infinity() : found;
}

struct Batches {
  std::vector<TokenPair> pairs;
  std::vector<TokenText> texts;
  AlignmentSpec alignment;
};

template <class Value>
std::vector<const Value*> pointers(const std::vector<Value>& values) {
  std::vector<const Value*> all;
  for (const Value& value : values) all.push_back(&value);
  return all;
}

Batches read_batches(const Expected& expected, const Config& config) {
  Batches batches;
  const auto name = [](const char* kind, std::size_t n) { return fmt::format("{}.{}", kind, n); };
  for (std::size_t n = 0; expected.has(name("a", n)); ++n)
    batches.pairs.push_back(
        {expected.ids(name("a", n), config.vocabulary), expected.ids(name("b", n), config.vocabulary)});
  const std::vector<std::int64_t> prompts = expected.integers("prompt");
  for (std::size_t n = 0; expected.has(name("text", n)); ++n) {
    batches.texts.push_back({expected.ids(name("text", n), config.vocabulary), 0});
    const auto length = static_cast<std::int64_t>(batches.texts.back().ids.size());
    if (n >= prompts.size() || prompts[n] < 1 || prompts[n] >= length)
      fail("{}: tensor \"prompt\" must give each text a number of tokens, at least 1, that leaves some", expected.path());
    batches.texts.back().prompt = static_cast<int>(prompts[n]);
  }
  const std::int64_t layer = expected.integers("align.layer").front();
  if (layer < 0 || layer > config.block_count()) fail("{}: tensor \"align.layer\" names no layer", expected.path());
  batches.alignment.layer = static_cast<int>(layer);
  if (batches.pairs.empty() || batches.texts.empty()) fail("{}: holds no pairs or no texts", expected.path());
  return batches;
}

std::vector<TrainingLine> compared(const std::filesystem::path& model_path, const std::filesystem::path& adapter_path,
                                   const std::filesystem::path& expect) {
  const Expected expected(expect);
  const Model model = Model::load(model_path, "f32", {}, {.device = "cpu"});
  const LiveAdapter adapter = LiveAdapter::read(model, Adapter(adapter_path));
  const Batches batches = read_batches(expected, model.config());
  const auto pairs = pointers(batches.pairs);
  const auto texts = pointers(batches.texts);
  OptimizerSpec spec{.rate = 1e-3, .schedule = Schedule::constant, .warm_up = 0, .clip = 0};
  AdamW optimizer(spec, adapter.parameters());
  std::vector<TrainingLine> lines;

  for (const bool recompute : {false, true}) {
    LossRunner runner(model, adapter, recompute);
    for (const std::string which : {"align", "lm"}) {
      optimizer.forget_gradients();
      const double loss = which == "lm" ? runner.task(texts, 1, 0) : runner.align(batches.alignment, pairs, 1, 0);
      const std::string suffix = recompute ? " (recomputed)" : "";
      lines.push_back({which + ".loss" + suffix,
                       std::abs(loss - expected.floats(which + ".loss").item<double>()), kLoss});
      TrainingLine worst{which + ".grad" + suffix, 0, kGradient};
      for (const auto& [name, values] : adapter.parameters()) {
        const Tensor gradient = values.grad().defined() ? values.grad() : at::zeros_like(values);
        const std::string full = which + ".grad." + name;
        worst.difference = std::max(worst.difference, difference(gradient, expected.floats(full), true, full));
      }
      lines.push_back(worst);
    }
  }

  LossRunner runner(model, adapter, false);
  const Tensor losses = expected.floats("train.losses");
  TrainingLine of_losses{"train.losses", 0, kSteps}, of_factors{"train.final", 0, kSteps};
  for (std::int64_t step = 0; step < losses.numel(); ++step) {
    optimizer.forget_gradients();
    const double loss = step % 2 == 0 ? runner.task(texts, 1, 0) : runner.align(batches.alignment, pairs, 1, 0);
    of_losses.difference = std::max(of_losses.difference, std::abs(loss - losses[step].item<double>()));
    optimizer.step(spec.rate);
  }
  for (const auto& [name, values] : adapter.parameters())
    of_factors.difference = std::max(
        of_factors.difference, difference(values.detach(), expected.floats("train.final." + name), false, name));
  lines.push_back(of_losses);
  lines.push_back(of_factors);
  return lines;
}

}  // namespace

bool holds_training(const std::filesystem::path& expect) { return Safetensors(expect).find("train.losses") != nullptr; }

std::vector<TrainingLine> compare_training(const std::filesystem::path& model, const std::filesystem::path& adapter,
                                           const std::filesystem::path& expect) {
  return with_torch_errors(expect.string(), [&] { return compared(model, adapter, expect); });
}

}  // namespace tertium
