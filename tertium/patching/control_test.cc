#include "tertium/patching/control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tertium/base/names.h"
#include "tertium/base/text.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

using Indices = std::vector<std::size_t>;

/// Items "0", "1" … of these gold positions.
std::vector<Item> items_of(const Indices& golds) {
  std::vector<Item> items(golds.size());
  for (std::size_t i = 0; i < golds.size(); ++i) {
    items[i].id = std::to_string(i);
    items[i].language = "it";
    items[i].gold = golds[i];
  }
  return items;
}

Indices same_gold(const std::vector<Item>& items, const Indices& pool, std::size_t recipient, int draws,
                  std::uint64_t seed = 42) {
  return control_named("same_gold").donors({items, pool, pool, recipient, draws, seed});
}

TEST(SameGold, NeverPicksTheRecipientNorAnotherGold) {
  const std::vector<Item> items = items_of({0, 1, 0, 1, 0, 0});
  EXPECT_THAT(same_gold(items, {0, 1, 2, 3, 4, 5}, 2, 100), UnorderedElementsAre(0, 4, 5));
  EXPECT_THAT(same_gold(items, {0, 1, 2, 3, 4, 5}, 1, 100), ElementsAre(3));
}

TEST(SameGold, PicksFromThePoolOnly) {
  const std::vector<Item> items = items_of({0, 0, 0, 0});
  EXPECT_THAT(same_gold(items, {0, 3}, 0, 100), ElementsAre(3));
  EXPECT_THAT(same_gold(items, {1, 3}, 0, 100), UnorderedElementsAre(1, 3)) << "the recipient need not be in it";
}

TEST(SameGold, WithoutACandidateGivesNone) {
  const std::vector<Item> items = items_of({0, 1, 1});
  EXPECT_THAT(same_gold(items, {}, 0, 3), IsEmpty());
  EXPECT_THAT(same_gold(items, {0}, 0, 3), IsEmpty());
  EXPECT_THAT(same_gold(items, {0, 1, 2}, 0, 3), IsEmpty());
}

TEST(Draw, IsWithoutReplacement) {
  const std::vector<Item> items = items_of(Indices(20, 0));
  Indices pool;
  for (std::size_t i = 0; i < items.size(); ++i) pool.push_back(i);
  for (std::size_t recipient = 0; recipient < items.size(); ++recipient) {
    const Indices donors = same_gold(items, pool, recipient, 7);
    EXPECT_EQ(donors.size(), 7u);
    EXPECT_EQ(std::set(donors.begin(), donors.end()).size(), 7u);
  }
}

TEST(Draw, DependsOnSeedAndRecipientAndControlAlone) {
  const std::vector<Item> items = items_of(Indices(30, 0));
  Indices pool;
  for (std::size_t i = 2; i < items.size(); ++i) pool.push_back(i);
  const Indices first = same_gold(items, pool, 0, 10);
  EXPECT_EQ(same_gold(items, pool, 0, 10), first);
  std::reverse(pool.begin(), pool.end());
  EXPECT_EQ(same_gold(items, pool, 0, 10), first) << "the order of the pool says nothing";
  EXPECT_NE(same_gold(items, pool, 0, 10, 43), first);
  EXPECT_NE(same_gold(items, pool, 1, 10), first);
  EXPECT_NE(draw({items, pool, pool, 0, 10, 42}, "another", pool), first);
}

TEST(Draw, OfFewerBeginsTheDrawOfMore) {
  const std::vector<Item> items = items_of(Indices(10, 0));
  const Indices pool = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  Indices three = same_gold(items, pool, 0, 3);
  const Indices one = same_gold(items, pool, 0, 1);
  three.resize(1);
  EXPECT_EQ(one, three);
}

TEST(Draw, ChangesByANewItemOnlyWhereThatIsDrawn) {
  const std::vector<Item> items = items_of(Indices(12, 0));
  const Indices pool = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, grown = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  int drawn = 0;
  constexpr int kSeeds = 200;
  for (int seed = 0; seed < kSeeds; ++seed) {
    Indices before = same_gold(items, pool, 0, 3, seed), after = same_gold(items, grown, 0, 3, seed);
    if (std::erase(after, 11u) > 0) {
      ++drawn;
      before.pop_back();  // the newcomer pushed out the last, and the rest keep their order
    }
    EXPECT_EQ(before, after) << "seed " << seed;
  }
  EXPECT_NEAR(drawn / static_cast<double>(kSeeds), 3.0 / 11, 0.13) << "each item is as likely as another";
}

TEST(MainAndSelf, GiveTheItemItself) {
  const std::vector<Item> items = items_of({0, 1, 0});
  const Indices pool = {0, 2};
  for (const std::string_view name : {"main", "self"})
    EXPECT_THAT(control_named(name).donors({items, pool, pool, 1, 5, 42}), ElementsAre(1))
        << name << ", whatever the draws";
  EXPECT_EQ(control_named("main").language, DonorLanguage::donor);
  EXPECT_EQ(control_named("self").language, DonorLanguage::recipient);
  EXPECT_EQ(control_named("same_gold").language, DonorLanguage::donor);
}

// ---- the other controls

/// Donors of item 0 of five items with these golds; TF: 0, 1, 2; TS: 3, 4.
Indices donors_of_first(std::string_view control, const Indices& golds, int draws = 100) {
  const std::vector<Item> items = items_of(golds);
  const Indices pool = {0, 1, 2}, solved = {3, 4};
  return control_named(control).donors({items, pool, solved, 0, draws, 42});
}

TEST(OtherGold, IsOfThePoolWithAnotherGold) {
  EXPECT_THAT(donors_of_first("other_gold", {0, 0, 1, 1, 0}), ElementsAre(2));
  EXPECT_THAT(donors_of_first("other_gold", {0, 0, 0, 1, 1}), IsEmpty());
  EXPECT_EQ(control_named("other_gold").language, DonorLanguage::donor);
}

TEST(Random, IsAnyOtherItem) {
  EXPECT_THAT(donors_of_first("random", {0, 1, 0, 1, 0}), UnorderedElementsAre(1, 2, 3, 4));
  EXPECT_EQ(control_named("random").language, DonorLanguage::donor);
}

TEST(SameLanguage, IsASolvedItemOfTheRecipientsLanguageWithTheSameGold) {
  EXPECT_THAT(donors_of_first("same_language", {0, 0, 0, 1, 0}), ElementsAre(4));
  EXPECT_EQ(control_named("same_language").language, DonorLanguage::recipient);
}

TEST(Draw, LeavesOutWhatCannotBeUsed) {
  const std::vector<Item> items = items_of({0, 0, 0});
  const Indices pool = {0, 1, 2};
  EXPECT_THAT(control_named("same_gold").donors({items, pool, pool, 0, 9, 42, [](std::size_t i) { return i != 1; }}),
              ElementsAre(2));
}

using Values = std::vector<float>;

Values blended(std::string_view control, const Ingredients& from) {
  Values into(from.own.size());
  control_named(control).blend(from, into);
  return into;
}

TEST(MeanShift, AddsTheDifferenceOfTheMeansToTheItemsOwn) {
  const Values own = {1, 2}, donor_mean = {10, 20}, recipient_mean = {4, 8};
  EXPECT_THAT(
      blended("mean_shift", {.own = own, .donor = own, .donor_mean = donor_mean, .recipient_mean = recipient_mean}),
      ElementsAre(7, 14));
  EXPECT_EQ(control_named("mean_shift").language, DonorLanguage::recipient);
}

TEST(Dose, MixesTheDonorsWithTheItemsOwn) {
  const Values own = {0, 4}, donor = {8, 0};
  const auto at = [&](double dose) { return blended("dose", {.own = own, .donor = donor, .dose = dose}); };
  EXPECT_EQ(at(0), own);
  EXPECT_THAT(at(0.25), ElementsAre(2, 3));
  EXPECT_EQ(at(1), donor);
}

TEST(NormNoise, HasTheDonorsLengthAndNoDirectionOfItsOwn) {
  constexpr std::size_t kWidth = 1000;
  Values donor(kWidth, 0), own(kWidth, 1);
  donor[0] = 5;
  const auto noise = [&](std::uint64_t seed) {
    return blended("norm_noise", {.own = own, .donor = donor, .seed = seed});
  };
  const Values first = noise(1);
  double square = 0, sum = 0, cosine = 0;
  for (std::size_t k = 0; k < kWidth; ++k)
    square += first[k] * first[k], sum += first[k], cosine += first[k] * donor[k];
  EXPECT_NEAR(square, 25, 1e-4);
  EXPECT_LT(std::abs(sum), 25) << "five standard deviations";
  EXPECT_LT(std::abs(cosine) / 25, 5 / std::sqrt(kWidth));
  EXPECT_EQ(noise(1), first);
  EXPECT_NE(noise(2), first);
}

TEST(ControlRuns, BeginWithMainAndRunEachDose) {
  std::vector<std::string> names;
  for (const ControlRun& run : control_runs({"self", "dose", "main"}, {0.25, 0.5})) names.push_back(run.name);
  EXPECT_THAT(names, ElementsAre("main", "self", "dose@0.25", "dose@0.5"));
}

TEST(ControlNamed, ListsTheKnownOnes) {
  EXPECT_EQ(test::error_of([] { control_named("sane_gold"); }),
            "control \"sane_gold\": tertium knows " + join(names_of(controls())));
}

}  // namespace
}  // namespace tertium
