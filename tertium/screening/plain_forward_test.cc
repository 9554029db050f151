#include "tertium/screening/plain_forward.h"

#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "tertium/formats/safetensors.h"
#include "tertium/model/config.h"
#include "tests/support/files.h"
#include "tests/support/one_thread.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using at::Tensor;

constexpr double kTolerance = 2e-4;  // as the engine's own parity

fs::path fixtures() { return test::source_folder() / "tests/fixtures"; }

/// A reference file's tensors (docs/golden.md); undefined where it lacks one.
class Golden {
 public:
  explicit Golden(const fs::path& path) : file_(path) {}

  Tensor floats(const std::string& name) const {
    const TensorView* stored = file_.find(name);
    if (!stored) return {};
    Tensor values = at::empty(stored->shape, at::kFloat);
    to_f32(*stored, {values.data_ptr<float>(), static_cast<std::size_t>(values.numel())});
    return values;
  }

  std::vector<std::int32_t> ids(const std::string& name) const {
    const TensorView* stored = file_.find(name);
    if (!stored) return {};
    const auto* first = reinterpret_cast<const std::int64_t*>(stored->bytes.data());
    return {first, first + stored->count()};
  }

 private:
  Safetensors file_;
};

/// Everything that a run shows, by the names of the reference files.
std::map<std::string, Tensor> shown_by(const PlainForward& forward, const std::vector<std::int32_t>& ids) {
  std::vector<Tensor> resid, attn_out, mlp_out;
  const Tensor stream = forward.stream(ids, [&](Site site, const Tensor& activations) {
    if (site == Site{SiteKind::resid_pre, 0} || site.kind == SiteKind::resid_post) resid.push_back(activations);
    if (site.kind == SiteKind::attn_out) attn_out.push_back(activations);
    if (site.kind == SiteKind::mlp_out) mlp_out.push_back(activations);
    return activations;
  });
  const Tensor state = forward.final_norm(stream);
  return {{"resid", at::stack(resid)},
          {"attn_out", at::stack(attn_out)},
          {"mlp_out", at::stack(mlp_out)},
          {"final_norm", state},
          {"logits", forward.logits(state)}};
}

void expect_near(const Tensor& ours, const Tensor& reference, const std::string& name) {
  if (!reference.defined()) return;
  ASSERT_EQ(ours.sizes(), reference.sizes()) << name;
  EXPECT_LE((ours - reference).abs().max().item<double>(), kTolerance) << name;
}

/// A model, and the reference file beside it.
struct Reference {
  fs::path model, expect;
};

void PrintTo(const Reference& reference, std::ostream* out) { *out << reference.model.filename().string(); }

std::vector<Reference> references() {
  std::vector<Reference> all;
  for (const char* folder : {"golden", "variants"})
    for (const fs::directory_entry& entry : fs::directory_iterator(fixtures() / folder))
      if (entry.is_directory()) all.push_back({entry.path(), entry.path() / "expect.safetensors"});
  for (const fs::directory_entry& entry : fs::directory_iterator(fixtures() / "golden_gguf"))
    if (fs::path model = entry.path(); model.extension() == ".gguf")
      if (const fs::path expect = fs::path(model).replace_extension(".expect.safetensors"); fs::exists(expect))
        all.push_back({model, expect});
  std::sort(all.begin(), all.end(), [](const Reference& a, const Reference& b) { return a.model < b.model; });
  return all;
}

std::string test_name(const testing::TestParamInfo<Reference>& info) {
  std::string name = info.param.model.parent_path().filename().string() + "_" + info.param.model.filename().string();
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
}

class PlainParity : public testing::TestWithParam<Reference> {
  const test::OneThread one_thread;
};

TEST_P(PlainParity, HoldsInEveryState) {
  const c10::InferenceMode no_autograd;
  const PlainForward forward(Model::load(GetParam().model, "f32"));
  const Golden golden(GetParam().expect);
  int sequences = 0;
  for (std::vector<std::int32_t> ids; !(ids = golden.ids("ids." + std::to_string(sequences))).empty(); ++sequences)
    for (const auto& [name, values] : shown_by(forward, ids)) {
      const std::string of_sequence = name + "." + std::to_string(sequences);
      expect_near(values, golden.floats(of_sequence), of_sequence);
    }
  EXPECT_GE(sequences, 2);
}

INSTANTIATE_TEST_SUITE_P(Golden, PlainParity, testing::ValuesIn(references()), test_name);

TEST(PlainForward, SaysThatHalfPrecisionHasNoGradient) {
  const Model model = Model::load(fixtures() / "golden/llama", "bf16");
  EXPECT_EQ(test::error_of([&] { PlainForward forward(model); }),
            "gradients need a model loaded with dtype f32, and this one is in bf16; set dtype = \"f32\"");
}

/// The gradient of one logit by the stream at one row, against a finite difference along a random direction.
TEST(PlainForward, IsDifferentiatedByAutograd) {
  const PlainForward forward(Model::load(fixtures() / "golden/gemma3", "f32"));
  const std::vector<std::int32_t> ids = {5, 17, 40, 8, 23, 61};
  constexpr int kRow = 3, kWord = 11;
  constexpr Site kSite{SiteKind::attn_out, 1};
  const auto logit = [&](const Hook& hook) {
    return forward.logits(forward.final_norm(forward.stream(ids, hook)))[-1][kWord];
  };

  Tensor edited;
  logit([&](Site site, const Tensor& x) {
    if (site == kSite) edited = x.detach().requires_grad_();
    return site == kSite ? edited : x;
  }).backward();
  at::manual_seed(1);
  const Tensor direction = at::randn({forward.config().hidden});
  const auto stepped = [&](double step) {
    return logit([&](Site site, const Tensor& x) {
             if (site != kSite) return x;
             Tensor moved = x.clone();
             moved[kRow] += direction * step;
             return moved;
           })
        .item<double>();
  };
  constexpr double kStep = 1e-2;
  const double slope = (stepped(kStep) - stepped(-kStep)) / (2 * kStep);
  EXPECT_NE(slope, 0);
  EXPECT_NEAR(edited.grad()[kRow].dot(direction).item<double>(), slope, 1e-3);
}

}  // namespace
}  // namespace tertium
