// [lens]: what the state that predicts the answer says at every layer (docs/methods.md, "Lens").
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "tertium/base/text.h"
#include "tertium/store/store.h"
#include "tests/support/small_experiment.h"
#include "tests/support/tensors.h"

namespace tertium {
namespace {

using test::Finished;
using testing::AllOf;
using testing::HasSubstr;

class LensExperiment : public test::SmallExperiment {
 protected:
  void add(const std::string& text) const { temporary.write("experiment.toml", read_text_file(experiment) + text); }
};

using LensPlace = std::tuple<std::string, std::string, std::string, int, std::string>;

std::map<LensPlace, LensRow> rows_by_place(const std::filesystem::path& folder) {
  std::map<LensPlace, LensRow> rows;
  for (const LensRow& row : Store::open(folder).lens())
    rows[{row.language, row.item, row.protocol, row.layer, row.token_of}] = row;
  return rows;
}

TEST_F(LensExperiment, EveryItemHasItsWordsAtEveryLayer) {
  add("\n[lens]\n");
  const auto rows = rows_by_place(results_of("results"));
  const int layers = tiny.blocks + 1;
  // Loglik: own words in both languages and the pivot's in the other; letters: two letters in both.
  EXPECT_EQ(rows.size(), static_cast<std::size_t>(kItems * layers * (2 + 4 + 2 + 2)));
  const Store store = Store::open(results);
  // Letters: at the last layer stands the answer itself. Loglik: that of the first option, which is one token.
  for (const ScoreRow& score : store.scores()) {
    const bool letters = score.protocol == "letters";
    if (!letters && score.option != 0) continue;
    const std::string word = !letters ? "own0" : score.option == 0 ? "A" : "B";
    const LensRow& row = rows.at({score.language, score.item, score.protocol, tiny.blocks, word});
    EXPECT_NEAR((letters ? row.logit : row.log_prob).value(), score.score, 1e-4) << score.item;
    EXPECT_EQ(row.entropy.has_value(), !letters);
    if (row.entropy) {
      EXPECT_TRUE(*row.entropy >= 0 && *row.entropy <= std::log2(tiny.vocabulary()) + 1e-4);
    }
  }
  const LensRow& pivot = rows.at({"de", "rain-wet", "loglik", 1, "pivot0"});
  EXPECT_EQ(pivot.token, tiny.id("wet"));
  EXPECT_EQ(rows.at({"de", "rain-wet", "loglik", 1, "own0"}).token, tiny.id("nass"));
}

TEST_F(LensExperiment, AddedToFinishedResultsItComputesNothingElseAgain) {
  const auto folder = results_of("results");
  const std::size_t units = Store::open(folder).units().size();
  const std::size_t scores = Store::open(folder).scores().size();
  add("\n[lens]\n");
  results_of("results");
  const Store store = Store::open(folder);
  std::size_t lens = 0;
  for (const UnitRow& unit : store.units()) lens += unit.part == "lens";
  EXPECT_EQ(store.units().size(), units + lens);
  EXPECT_EQ(store.scores().size(), scores);
  const auto added = rows_by_place(folder), at_once = rows_by_place(results_of("at-once"));
  ASSERT_EQ(added.size(), at_once.size());
  for (const auto& [place, row] : at_once) {
    const LensRow& other = added.at(place);
    EXPECT_EQ(other.token, row.token);
    EXPECT_NEAR(other.log_prob.value_or(0), row.log_prob.value_or(0), 1e-4);
    EXPECT_NEAR(other.logit.value_or(0), row.logit.value_or(0), 1e-4);
  }
}

TEST_F(LensExperiment, ATunedLensDecidesItsNumbersAndAnotherIsRefused) {
  std::vector<test::NamedTensor> tensors;
  const auto size = static_cast<std::int64_t>(tiny.width);
  for (int b = 0; b < tiny.blocks; ++b)
    tensors.push_back({fmt::format("translator.{}.weight", b), {size, size}, std::vector<float>(size * size, 0.1f)});
  test::write_tensors(folder / "lens.safetensors", tensors);
  add("\n[lens]\n");
  const auto plain = rows_by_place(results_of("plain"));
  add("tuned = \"lens.safetensors\"\n");
  const auto tuned = rows_by_place(results_of("tuned"));
  ASSERT_EQ(tuned.size(), plain.size());
  for (const auto& [place, row] : plain) {
    const double difference = std::abs(row.logit.value_or(0) - tuned.at(place).logit.value_or(0)) +
                              std::abs(row.log_prob.value_or(0) - tuned.at(place).log_prob.value_or(0));
    if (std::get<3>(place) == tiny.blocks)
      EXPECT_LE(difference, 1e-4) << "the last index has no translator";
    else
      EXPECT_GT(difference, 0) << std::get<1>(place) << " " << std::get<3>(place);
  }
  tensors[0].values[0] = 2;
  test::write_tensors(folder / "lens.safetensors", tensors);
  const Finished changed = run({}, "tuned");
  EXPECT_NE(changed.status, 0);
  EXPECT_THAT(changed.err, HasSubstr("lens.tuned was "));
  tensors.pop_back();
  test::write_tensors(folder / "lens.safetensors", tensors);
  const Finished broken = run({}, "new");
  EXPECT_NE(broken.status, 0);
  EXPECT_THAT(broken.err, AllOf(HasSubstr("lens.safetensors"), HasSubstr("translator.1.weight is missing")));
  EXPECT_NE(run({"--force"}, "tuned").status, 0);
  EXPECT_EQ(rows_by_place(folder / "tuned").size(), tuned.size()) << "a broken lens loses no earlier results";
}

}  // namespace
}  // namespace tertium
