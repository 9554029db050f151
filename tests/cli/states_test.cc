// `tertium states`, as the real program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tertium/experiment/states.h"
#include "tertium/formats/safetensors.h"
#include "tertium/model/config.h"
#include "tests/support/files.h"
#include "tests/support/program.h"
#include "tests/support/tiny_model.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using test::Finished;
using test::run_program;
using testing::HasSubstr;

class StatesCommand : public test::FolderTest {
 protected:
  StatesCommand() { test::write_tiny_model(model, tiny); }

  const test::TinyModel tiny{.context = 6, .words = {"the", "dog", "is", "wet"}};
  const fs::path model = folder / "model", out = folder / "out.safetensors";
};

std::vector<float> floats(const Safetensors& file, const std::string& name) {
  const TensorView* found = file.find(name);
  if (!found) return {};
  std::vector<float> values(found->count());
  to_f32(*found, values);
  return values;
}

using Shape = std::vector<std::int64_t>;

TEST_F(StatesCommand, WritesEveryTensorInItsShapeWithWhatItIsOf) {
  test::output_of({"states", model.string(), "the dog", "-o", out.string(), "--logits"});
  const Safetensors file(out);
  const std::int64_t layers = tiny.blocks, width = tiny.width, rows = 3;  // BOS, the, dog
  EXPECT_EQ(file.find("ids")->dtype, DType::I64);
  EXPECT_EQ(file.find("ids")->shape, Shape({rows}));
  EXPECT_EQ(file.find("resid")->shape, Shape({layers + 1, rows, width}));
  for (const char* name : {"attn_out", "mlp_out"}) EXPECT_EQ(file.find(name)->shape, Shape({layers, rows, width}));
  EXPECT_EQ(file.find("final_norm")->shape, Shape({rows, width}));
  EXPECT_EQ(file.find("logits")->shape, Shape({rows, tiny.vocabulary()}));
  std::int64_t ids[3];
  std::memcpy(ids, file.find("ids")->bytes.data(), sizeof ids);
  EXPECT_THAT(ids, testing::ElementsAre(test::TinyModel::kBos, tiny.id("the"), tiny.id("dog")));
  const std::vector<float> resid = floats(file, "resid"), attn_out = floats(file, "attn_out"),
                           mlp_out = floats(file, "mlp_out");
  for (std::size_t i = 0; i < attn_out.size(); ++i)
    EXPECT_NEAR(resid[i] + attn_out[i] + mlp_out[i], resid[i + rows * width], 1e-5);

  std::ifstream stream(out, std::ios::binary);
  std::uint64_t length = 0;
  stream.read(reinterpret_cast<char*>(&length), sizeof length);
  std::string header(length, ' ');
  stream.read(header.data(), static_cast<std::streamsize>(length));
  const nlohmann::json about = nlohmann::json::parse(header).at("__metadata__");
  EXPECT_EQ(about.at("text"), "the dog");
  EXPECT_EQ(about.at("family"), "llama");
  EXPECT_EQ(about.at("dtype"), "f32");
}

TEST_F(StatesCommand, LeavesLogitsOutUnlessTheyAreWanted) {
  test::output_of({"states", model.string(), "the dog", "-o", out.string()});
  EXPECT_EQ(Safetensors(out).find("logits"), nullptr);
}

TEST_F(StatesCommand, SaysWhatIsWrong) {
  const auto refusal = [&](const std::string& text, const fs::path& to) {
    const Finished finished = run_program({"states", model.string(), text, "-o", to.string()});
    EXPECT_EQ(finished.status, 1);
    return finished.err;
  };
  EXPECT_EQ(refusal("the dog is wet the dog is wet", out),
            "Error: the text has 9 tokens, and the model's context is 6; shorten it\n");
  EXPECT_THAT(refusal("the", folder / "nowhere" / "out"), HasSubstr("cannot be written"));
  const fs::path weights = model / "model.safetensors";
  EXPECT_EQ(refusal("the", weights), "Error: " + weights.string() + ": is there already; remove it or name another file\n");
}

/// The file holds what transformers computes.
TEST(States, OfAGoldenModelAreThoseOfItsReference) {
  const test::TempFolder temporary;
  const fs::path folder = test::source_folder() / "tests/fixtures/golden/gemma3", out = temporary.path() / "states";
  const Safetensors expect(folder / "expect.safetensors");
  std::vector<std::int64_t> wide(expect.find("ids.0")->count());
  std::memcpy(wide.data(), expect.find("ids.0")->bytes.data(), expect.find("ids.0")->bytes.size());
  const Engine engine(Model::load(folder, "f32"));
  write_states(out, engine.model().config(), states_of(engine, "golden", {wide.begin(), wide.end()}, true), {});
  const Safetensors written(out);
  for (const std::string name : {"resid", "attn_out", "mlp_out", "final_norm", "logits"}) {
    const std::vector<float> ours = floats(written, name), theirs = floats(expect, name + ".0");
    ASSERT_EQ(written.find(name)->shape, expect.find(name + ".0")->shape);
    for (std::size_t i = 0; i < ours.size(); ++i) ASSERT_NEAR(ours[i], theirs[i], 2e-4) << name;
  }
}

}  // namespace
}  // namespace tertium
