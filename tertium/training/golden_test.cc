#include "tertium/training/golden.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/files.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::Field;

fs::path fixtures() { return test::source_folder() / "tests/fixtures"; }

class GoldenTraining : public testing::TestWithParam<std::string> {};

/// What PEFT and PyTorch compute: losses, every gradient, and what 12 steps of AdamW make of the adapter.
TEST_P(GoldenTraining, LossesGradientsAndStepsArePyTorchs) {
  fs::path folder = fixtures() / "training" / GetParam();
  if (!fs::exists(folder)) folder = test::shared_folder() / "training" / GetParam();
  if (!fs::exists(folder))
    GTEST_SKIP() << "SKIPPED: needs " << folder.string() << "; set TERTIUM_SHARED to the folder that holds training/";
  ASSERT_TRUE(holds_training(folder / "expect.safetensors"));
  const std::vector<TrainingLine> lines =
      compare_training(fixtures() / "golden" / GetParam(), folder / "adapter", folder / "expect.safetensors");
  for (const char* quantity : {"align.loss", "lm.loss", "align.grad", "lm.grad", "align.grad (recomputed)",
                               "lm.grad (recomputed)", "train.losses", "train.final"})
    EXPECT_THAT(lines, Contains(Field(&TrainingLine::quantity, quantity)));
  for (const TrainingLine& line : lines) EXPECT_LE(line.difference, line.tolerance) << line.quantity;
}

INSTANTIATE_TEST_SUITE_P(Families, GoldenTraining,
                         testing::Values("llama", "gemma3", "qwen3", "phi3", "gpt_neox", "gpt2"),
                         [](const auto& info) { return info.param; });

TEST(TrainingFiles, OfGoldenModelsHoldNone) {
  EXPECT_FALSE(holds_training(fixtures() / "golden/llama/expect.safetensors"));
}

}  // namespace
}  // namespace tertium
