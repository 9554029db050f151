#include "tertium/analysis/flip_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace tertium {
namespace {

using testing::HasSubstr;

const TaskLanguage kItalian{"xcopa", "loglik", "it"};
const PatchKey kLast{"fix", "resid_post", "last"};

/// A run of `blocks` blocks, all answers wrong in Italian. `flips`: of each block, a digit an item.
NamedObservations run(const std::string& name, int blocks, const std::map<int, std::string>& flips,
                      const std::string& control = "main") {
  NamedObservations run{name, {.pivot = "en"}};
  LanguageObservations& it = run.observations.languages.emplace_back(LanguageObservations{kItalian});
  for (int item = 0; item < 12; ++item)
    it.answers.push_back({.item = std::to_string(item), .unit = std::to_string(item), .pivot_right = true});
  for (int layer = 0; layer <= blocks; ++layer)
    run.observations.alignment.push_back({"xcopa", "it", "dali", "resid", layer, {{"0", 1}}});
  for (const auto& [block, digits] : flips) {
    PatchObservations at{kItalian, kLast, block, control, {}};
    for (std::size_t item = 0; item < digits.size(); ++item)
      if (digits[item] != '-') at.items[std::to_string(item)] = {.draws = 1, .changed = digits[item] == '1' ? 1u : 0u};
    run.observations.patches.push_back(at);
  }
  return run;
}

TEST(FlipChanges, PairTheItemsThatBothPatched) {
  const Comparison comparison = compare({run("a", 1, {{0, "110000-"}}), run("b", 1, {{0, "1011-11"}})});
  ASSERT_EQ(comparison.flips.size(), 1u);
  const FlipChange& change = comparison.flips[0];
  EXPECT_EQ(change.n, 5u) << "items 0 to 3 and 5";
  EXPECT_EQ(change.first_rate, 0.4);
  EXPECT_EQ(change.second_rate, 0.8);
  EXPECT_NEAR(change.difference.value, 0.4, 1e-12);
  EXPECT_EQ(change.won, 3);
  EXPECT_EQ(change.lost, 1);
  EXPECT_NEAR(change.p, 0.625, 1e-12) << "McNemar: 2 (C(4,0) + C(4,1)) / 16";
}

TEST(FlipChanges, TellWhatTheStrongestControlLeavesOfMain) {
  const auto with_controls = [](const std::string& name, const std::string& main) {
    NamedObservations all = run(name, 2, {{1, main}});
    for (const auto& [control, flips] :
         {std::pair("same_gold", "1000"), std::pair("mean_shift", "1-11"), std::pair("self", "1111")})
      all.observations.patches.push_back(run("", 2, {{1, flips}}, control).observations.patches[0]);
    return all;
  };
  const Comparison comparison = compare({with_controls("a", "1110"), with_controls("b", "111-")});
  ASSERT_EQ(comparison.flips.size(), 1u);
  const FlipChange& change = comparison.flips[0];
  EXPECT_EQ(change.n, 3u);
  EXPECT_EQ(change.depth, 1);
  EXPECT_NEAR(change.first_lead, 0, 1e-12) << "mean_shift flips items 0 and 2 as well, and has no donor for 1";
  EXPECT_NEAR(change.second_lead, 0, 1e-12);
  const Comparison bare = compare({run("a", 2, {{1, "1110"}}), run("b", 2, {{1, "1110"}})});
  EXPECT_TRUE(std::isnan(bare.flips[0].first_lead)) << "without controls";
}

TEST(FlipChanges, OfOneFamilyAreCorrectedTogether) {
  const std::string none(12, '0'), all(12, '1');
  const Comparison comparison = compare({run("a", 2, {{0, none}, {1, none}}), run("b", 2, {{0, all}, {1, none}})});
  ASSERT_EQ(comparison.flips.size(), 2u);
  EXPECT_EQ(comparison.flips[0].family, 2u);
  EXPECT_NEAR(comparison.flips[0].p, 2.0 / 4096, 1e-12);
  EXPECT_NEAR(comparison.flips[0].p_bh, 4.0 / 4096, 1e-12);
  EXPECT_THAT(comparison.conclusions.back(),
              HasSubstr("fix, resid_post, position last: flips of the same items differ at 1 of 2 places after "
                        "Benjamini-Hochberg; most surely at it, block 0: 0 % of 12 items flip under a, 100 % under b"));
}

TEST(FlipChanges, MatchBlocksByDepthWhereThereAreMore) {
  const std::string some = "101010101010";
  const Comparison comparison =
      compare({run("a", 2, {{0, some}, {1, some}}), run("b", 4, {{0, some}, {1, some}, {2, some}, {3, some}})});
  ASSERT_EQ(comparison.flips.size(), 2u);
  EXPECT_EQ(comparison.flips[0].second_layer, 1) << "block 0 ends at half of the depth";
  EXPECT_EQ(comparison.flips[1].second_layer, 3);
  EXPECT_THAT(comparison.conclusions.back(), HasSubstr("nowhere do flips of the same items differ (2 tests"));
}

TEST(FlipChanges, LeaveOutPlacesThatOneDoesNotHave) {
  const std::string some = "101010101010";
  EXPECT_EQ(compare({run("a", 2, {{0, some}, {1, some}}), run("b", 2, {{1, some}})}).flips.size(), 1u);
  EXPECT_EQ(compare({run("a", 2, {{0, some}}), run("b", 8, {{7, some}})}).flips.size(), 0u) << "too far away";
  EXPECT_EQ(compare({run("a", 2, {{0, some}}), run("b", 2, {{0, some}}, "self")}).flips.size(), 0u) << "main alone";
}

}  // namespace
}  // namespace tertium
