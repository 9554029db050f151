// The two real GGUF files: that weights, layout of heads and vocabulary fit together shows in what a model knows.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <ostream>

#include "tertium/engine/engine.h"
#include "tertium/tokenizer/tokenizer.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

struct RealModel {
  const char* name;
  const char* file;
};
void PrintTo(const RealModel& model, std::ostream* stream) { *stream << model.name; }

class RealGguf : public testing::TestWithParam<RealModel> {
 protected:
  void SetUp() override {
    path = test::source_folder() / ".deps/models" / GetParam().file;
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "SKIPPED: needs " << path << "; tools/fetch_model.sh brings it";
  }

  /// The likeliest next word.
  std::string next_word(const std::string& text, const char* dtype) const {
    const Tokenizer tokenizer = Tokenizer::open(path);
    const std::vector<TokenId> ids = tokenizer.encode(text, true).ids;
    Job job{.name = text, .strands = {{.tokens = ids}}};
    job.readings.push_back({0, static_cast<int>(ids.size()) - 1, Readout::logits, {}});
    const std::vector<float> logits = Engine(Model::load(path, dtype)).run(job).readings[0];
    const auto best = static_cast<TokenId>(std::ranges::max_element(logits) - logits.begin());
    return tokenizer.decode(std::vector<TokenId>{best});
  }

  std::filesystem::path path;
};

INSTANTIATE_TEST_SUITE_P(Models, RealGguf,
                         testing::Values(RealModel{"gemma3", "gemma3-270m/gemma3-270m-q4_k_m.gguf"},
                                         RealModel{"llama", "smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf"}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(RealGguf, KnowsACapital) {
  // Attention must find "Berlin" across the sentence: with q and k rows in the wrong order it does not.
  for (const char* dtype : {"f32", "bf16"})
    EXPECT_EQ(next_word("Paris is the capital of France. Berlin is the capital of", dtype), " Germany") << dtype;
}

}  // namespace
}  // namespace tertium
