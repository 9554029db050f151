#include "tertium/experiment/language_activations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <numeric>

#include "tertium/engine/engine.h"
#include "tertium/experiment/run.h"
#include "tests/support/files.h"
#include "tests/support/one_thread.h"

namespace tertium {
namespace {

using testing::Pointwise;

MATCHER(NearlyEqual, "") { return std::abs(std::get<0>(arg) - std::get<1>(arg)) < 1e-6F; }

/// Two questions of as many rows, whose last row is patched at three sites.
class LanguageActivationsTest : public test::FolderTest {
 protected:
  void SetUp() override {
    test::FolderTest::SetUp();
    for (const TokenId first : {5, 40}) {
      Question question{.name = "item", .context = std::vector<TokenId>(6), .options = {{7, 8}, {9}}};
      std::iota(question.context.begin(), question.context.end(), first);
      std::vector<int> all(6);
      std::iota(all.begin(), all.end(), 0);
      question.positions = {{"last", {5}}, {"ends", {0, 5}}, {"all", all}};
      language.questions.push_back(std::move(question));
      language.items.push_back({.id = std::to_string(first), .language = "xx"});
    }
  }

  LanguageActivations open(const std::string& run = "run", std::vector<std::string> positions = {"last"}) const {
    return {engine, language, {quantities, std::move(positions)}, {folder, run, asked}};
  }
  LanguageActivations computed() const { return {engine, language, {quantities, {"last"}}, {"", "run", asked}}; }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
  }

  const test::OneThread one_thread;
  const Engine engine{Model::load(test::source_folder() / "tests/fixtures/golden/llama", "f32")};
  const std::vector<Quantity> quantities = {Quantity::resid, Quantity::z, Quantity::mlp_out};
  const std::vector<std::string> asked = {"first", "second"};
  PreparedLanguage language{.language = "xx"};
};

TEST_F(LanguageActivationsTest, AreWhatScoringRecorded) {
  LanguageActivations kept = open();
  run_items(engine, language, kept.recorded(),
            [&](std::size_t item, const ItemRun& run) { kept.keep(item, run.activations); });
  const auto read = kept.of({0, 1}), fresh = computed().of({0, 1});
  ASSERT_EQ(read.size(), 2u);
  for (const auto& [item, activations] : read)
    EXPECT_THAT(activations.numbers(), Pointwise(NearlyEqual(), fresh.at(item).numbers()));
  EXPECT_THAT(read.at(1).of(Quantity::mlp_out, 0, 5),
              Pointwise(NearlyEqual(), fresh.at(1).of(Quantity::mlp_out, 0, 5)));
}

TEST_F(LanguageActivationsTest, AreReadAndNotComputedAgain) {
  const std::vector<float> second = computed().of({1}).at(1).numbers();
  open().keep(0, computed().of({1}).at(1));  // of another item, so that it shows where they come from
  EXPECT_EQ(open().of({0}).at(0).numbers(), second);
  EXPECT_NE(open("another run").of({0}).at(0).numbers(), second);
}

TEST_F(LanguageActivationsTest, AreComputedOnceWhereNothingWasScored) {
  const std::vector<float> first = open().of({0}).at(0).numbers();
  EXPECT_EQ(files(), 1u);
  EXPECT_EQ(open().of({0}).at(0).numbers(), first);
}

TEST_F(LanguageActivationsTest, AreComputedAgainWhereTheFileIsDamaged) {
  const std::vector<float> first = open().of({0}).at(0).numbers();
  const std::filesystem::path file = std::filesystem::directory_iterator(folder)->path();
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(100).put('x');
  EXPECT_EQ(open().of({0}).at(0).numbers(), first);
}

TEST_F(LanguageActivationsTest, OfAsManyRowsAsTheRunHasAreNotKept) {
  LanguageActivations kept = open("run", {"all"});
  EXPECT_TRUE(kept.recorded().quantities.empty());
  EXPECT_FALSE(kept.of({0}).at(0).at({SiteKind::resid_post, 0}, 2).empty());
  EXPECT_EQ(files(), 0u);
  EXPECT_TRUE(LanguageActivations::are_kept(language.questions[0], {quantities, {"ends"}}));
}

TEST_F(LanguageActivationsTest, TakeTheirFileAway) {
  LanguageActivations kept = open();
  kept.of({0, 1});
  kept.remove();
  EXPECT_EQ(files(), 0u);
}

}  // namespace
}  // namespace tertium
