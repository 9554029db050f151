#include "tertium/engine/lens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "tertium/engine/engine.h"
#include "tertium/model/config.h"
#include "tertium/model/tuned_lens.h"
#include "tests/support/files.h"
#include "tests/support/tensors.h"

namespace tertium {
namespace {

using test::error_of;
using testing::HasSubstr;

std::filesystem::path golden(const std::string& family) {
  return std::filesystem::path(TERTIUM_SOURCE_DIR) / "tests/fixtures/golden" / family;
}

/// Families whose head does more than multiply: soft caps, scales, tied embeddings.
class Lens : public testing::TestWithParam<const char*> {
 protected:
  Lens() : engine(Model::load(golden(GetParam()), "f32")) {
    Job job{.name = "a text", .strands = {{.tokens = ids}}};
    job.recordings.push_back({0, 4, 1, Quantity::resid});
    job.readings.push_back({0, 4, Readout::logits, {}});
    job.readings.push_back({0, 4, Readout::log_probs, words});
    result = engine.run(job);
  }
  std::span<const float> stream() const { return result.recordings[0]; }
  std::size_t indices() const { return engine.model().config().block_count() + 1; }
  std::size_t width() const { return engine.model().config().hidden; }
  LensAnswer read(Readout readout, const std::vector<std::int32_t>& tokens, const TunedLens* tuned = nullptr) const {
    return read_lens(engine.model(), std::vector<LensQuestion>{{"a text", stream(), readout, tokens}}, tuned).front();
  }

  Engine engine;
  const std::vector<std::int32_t> ids = {5, 40, 17, 8, 61}, words = {3, 71, 4};
  JobResult result;
};

INSTANTIATE_TEST_SUITE_P(Families, Lens, testing::Values("llama3", "gemma2", "cohere"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(Lens, TheLastIndexIsTheModelsOwnAnswer) {
  const LensAnswer all = read(Readout::logits, {}), some = read(Readout::log_probs, words);
  const std::size_t vocabulary = result.readings[0].size();
  ASSERT_EQ(all.values.size(), indices() * vocabulary);
  for (std::size_t word = 0; word < vocabulary; ++word)
    EXPECT_NEAR(all.values[(indices() - 1) * vocabulary + word], result.readings[0][word], 1e-5);
  for (std::size_t w = 0; w < words.size(); ++w)
    EXPECT_NEAR(some.values[(indices() - 1) * words.size() + w], result.readings[1][w], 1e-5);
}

TEST_P(Lens, LogProbabilitiesAndEntropyAreThoseOfTheLogits) {
  const LensAnswer all = read(Readout::logits, {}), some = read(Readout::log_probs, words),
                   few = read(Readout::logits, words);
  const std::size_t vocabulary = all.values.size() / indices();
  for (std::size_t index = 0; index < indices(); ++index) {
    const float* logits = all.values.data() + index * vocabulary;
    double sum = 0, entropy = 0;
    for (std::size_t word = 0; word < vocabulary; ++word) sum += std::exp(static_cast<double>(logits[word]));
    for (std::size_t word = 0; word < vocabulary; ++word) {
      const double log_prob = logits[word] - std::log(sum);
      entropy -= std::exp(log_prob) * log_prob / std::log(2.0);
    }
    EXPECT_NEAR(some.entropy[index], entropy, 1e-4) << "index " << index;
    for (std::size_t w = 0; w < words.size(); ++w) {
      EXPECT_NEAR(some.values[index * words.size() + w], logits[words[w]] - std::log(sum), 1e-4) << "index " << index;
      EXPECT_NEAR(few.values[index * words.size() + w], logits[words[w]], 1e-5) << "index " << index;
    }
  }
}

TEST_P(Lens, ManyQuestionsAreReadAsEachAlone) {
  std::vector<LensQuestion> questions(70, LensQuestion{"a text", stream(), Readout::log_probs, words});
  questions[20].tokens = {9};
  questions[40].readout = Readout::logits;
  const std::vector<LensAnswer> answers = read_lens(engine.model(), questions);
  const LensAnswer alone = read(Readout::log_probs, words), one = read(Readout::log_probs, {9}),
                   logits = read(Readout::logits, words);
  const auto expect_near = [](const std::vector<float>& a, const std::vector<float>& b) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-5);
  };
  for (std::size_t q = 0; q < questions.size(); ++q) {
    const LensAnswer& expected = q == 20 ? one : q == 40 ? logits : alone;
    expect_near(answers[q].values, expected.values);
    expect_near(answers[q].entropy, expected.entropy);
  }
}

TEST_P(Lens, ANumberThatIsNotFiniteNamesTextAndIndex) {
  std::vector<float> broken(stream().begin(), stream().end());
  broken[width() + 3] = NAN;
  const std::vector<LensQuestion> questions = {{"it, item 7", broken, Readout::log_probs, words}};
  EXPECT_THAT(error_of([&] { read_lens(engine.model(), questions); }), HasSubstr("it, item 7: at stream index 1 "));
}

TEST_P(Lens, ATunedLensTranslatesAllIndicesButTheLast) {
  // A = -I and b = the last state: every index reads as the last one does.
  const test::TempFolder temporary;
  const std::filesystem::path& folder = temporary.path();
  const auto blocks = static_cast<std::int64_t>(indices()) - 1, size = static_cast<std::int64_t>(width());
  std::vector<float> minus(width() * width());
  for (std::size_t i = 0; i < width(); ++i) minus[i * width() + i] = -1;
  const std::vector<float> last(stream().end() - size, stream().end());
  std::vector<test::NamedTensor> tensors;
  for (std::int64_t b = 0; b < blocks; ++b) {
    tensors.push_back({fmt::format("translator.{}.weight", b), {size, size}, minus});
    tensors.push_back({fmt::format("translator.{}.bias", b), {size}, last});
  }
  test::write_tensors(folder / "lens.safetensors", tensors);
  const TunedLens tuned(folder / "lens.safetensors", engine.model().config());
  const LensAnswer answer = read(Readout::logits, words, &tuned);
  for (std::size_t index = 0; index < indices(); ++index)
    for (std::size_t w = 0; w < words.size(); ++w)
      EXPECT_NEAR(answer.values[index * words.size() + w], result.readings[0][words[w]], 1e-4);

  const auto error_with = [&](std::vector<test::NamedTensor> changed) {
    test::write_tensors(folder / "bad.safetensors", changed);
    return error_of([&] { TunedLens(folder / "bad.safetensors", engine.model().config()); });
  };
  std::vector<test::NamedTensor> bad = tensors;
  bad[0].shape = {size * size};
  EXPECT_THAT(error_with(bad), HasSubstr("translator.0.weight has the shape"));
  bad = tensors;
  bad[0].values[5] = NAN;
  EXPECT_THAT(error_with(bad), HasSubstr("translator.0.weight holds NaN"));
  bad = tensors;
  bad.erase(bad.begin());
  EXPECT_THAT(error_with(bad), HasSubstr("translator.0.weight is missing"));
  bad = tensors;
  bad.push_back({fmt::format("translator.{}.bias", blocks), {size}, last});
  EXPECT_THAT(error_with(bad), HasSubstr("has no place in a tuned lens of this model"));
}

}  // namespace
}  // namespace tertium
