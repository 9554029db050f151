#include "tertium/metrics/corpus_measures.h"
#include "tertium/metrics/corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>
#include <random>

namespace tertium {
namespace {

using testing::AllOf;
using testing::Gt;
using testing::Lt;

/// States of a side of a corpus, and their shape.
struct Side {
  std::vector<float> values;
  std::size_t width;
  operator States() const { return {values, width}; }
};

Side random_side(std::size_t rows, std::size_t width, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Side side{std::vector<float>(rows * width), width};
  for (float& value : side.values) value = normal(random);
  return side;
}

/// `side` with something of another one mixed in.
Side noisy(Side side, float share, unsigned seed) {
  const Side noise = random_side(side.values.size() / side.width, side.width, seed);
  for (std::size_t i = 0; i < side.values.size(); ++i) side.values[i] += share * noise.values[i];
  return side;
}

Side permuted(const Side& side, const Permutation& permutation) {
  Side moved = side;
  for (std::size_t i = 0; i < permutation.size(); ++i)
    std::copy_n(side.values.begin() + static_cast<std::ptrdiff_t>(permutation[i] * side.width), side.width,
                moved.values.begin() + static_cast<std::ptrdiff_t>(i * side.width));
  return moved;
}

Permutation rotation(std::size_t n, std::size_t by) {
  Permutation permutation(n);
  for (std::size_t i = 0; i < n; ++i) permutation[i] = (i + by) % n;
  return permutation;
}

std::map<std::string_view, CorpusMeasure> by_name(const States& pivot, const States& other,
                                                  const std::vector<Permutation>& permutations) {
  std::map<std::string_view, CorpusMeasure> named;
  for (const CorpusMeasure& measure : corpus_measures(pivot, other, permutations)) named[measure.name] = measure;
  return named;
}

TEST(CorpusMeasures, OfTheSameSentencesAreTheirLargest) {
  const Side side = random_side(30, 16, 1);
  auto found = by_name(side, side, {rotation(30, 1)});
  for (const char* name : {"mexa", "p1_row", "p1_col", "cka"}) EXPECT_NEAR(found[name].value, 1, 1e-12) << name;
  EXPECT_GT(found["csls"].value, 0);
  for (const char* name : {"mexa", "p1_row", "p1_col"}) EXPECT_EQ(found[name].chance, 0) << name;
  EXPECT_LT(found["csls"].chance, 0);
}

TEST(CorpusMeasures, MexaIsTheMeanOfTheMetricMexat) {
  const Side pivot = random_side(40, 12, 2), other = noisy(pivot, 1.5f, 3);
  double aligned = 0;
  for (const Measured& item : measure_corpus(metric_named("mexat"), cosines(pivot, other))) aligned += item.value;
  const double mexa = by_name(pivot, other, {rotation(40, 1)})["mexa"].value;
  EXPECT_EQ(mexa, aligned / 40);
  EXPECT_THAT(mexa, AllOf(Gt(0.1), Lt(0.9))) << "says nothing where all or none are aligned";
}

TEST(CorpusMeasures, RowsAreThePivotsAndColumnsTheOthers) {
  // Both sentences of the pivot are nearest to the first of the other language.
  const Side pivot{{1, 0, 0.9f, 0.1f}, 2}, other{{1, 0, 0, 1}, 2};
  auto found = by_name(pivot, other, {{1, 0}});
  EXPECT_EQ(found["p1_row"].value, 0.5);
  EXPECT_EQ(found["p1_col"].value, 1);
  EXPECT_EQ(found["mexa"].value, 0.5);
}

TEST(CorpusMeasures, ChanceIsWhatPermutedSentencesGive) {
  const Side pivot = random_side(25, 8, 4), other = noisy(pivot, 0.7f, 5);
  const std::vector<Permutation> permutations = {rotation(25, 3), rotation(25, 11)};
  auto found = by_name(pivot, other, permutations);
  std::map<std::string_view, double> naive;
  for (const Permutation& permutation : permutations)
    for (const auto& [name, measure] : by_name(pivot, permuted(other, permutation), {rotation(25, 1)}))
      naive[name] += measure.value / 2;
  for (const auto& [name, chance] : naive) EXPECT_NEAR(found[name].chance, chance, 1e-12) << name;
}

TEST(CorpusMeasures, ATieCountsAsNoneAndIsCounted) {
  const Side same{{1, 2, 1, 2, -1, 0}, 2};  // two sentences have one state
  auto found = by_name(same, same, {rotation(3, 1)});
  EXPECT_NEAR(found["mexa"].value, 1.0 / 3, 1e-15);
  EXPECT_EQ(found["mexa"].ties, 2u);
}

TEST(CorpusMeasures, CslsScalesByTheTenNearest) {
  // With n = 2 the ten nearest are both: r = the mean of a row or column.
  const Side pivot{{1, 0, 0, 1}, 2}, other{{1, 0, 0.6f, 0.8f}, 2};
  // cosines: 1 .6 / 0 .8; rows' means .8 .4; columns' .5 .7; csls: .7 -.3 / -.9 .5
  EXPECT_NEAR(by_name(pivot, other, {{1, 0}})["csls"].value, ((0.7 + 0.3) + (0.5 + 0.3)) / 2, 1e-7);
}

TEST(CorpusMeasures, CkaIsBlindToRotationAndScale) {
  const Side pivot = random_side(20, 2, 6);
  Side turned = pivot;
  for (std::size_t i = 0; i < 20; ++i) {
    turned.values[2 * i] = 3 * (0.6f * pivot.values[2 * i] - 0.8f * pivot.values[2 * i + 1]) + 7;
    turned.values[2 * i + 1] = 3 * (0.8f * pivot.values[2 * i] + 0.6f * pivot.values[2 * i + 1]) - 2;
  }
  EXPECT_NEAR(by_name(pivot, turned, {rotation(20, 1)})["cka"].value, 1, 1e-6);
}

TEST(CorpusMeasures, CkaOfASideWithoutDifferencesIsUndefined) {
  const Side pivot = random_side(4, 2, 7), other{{5, 1, 5, 1, 5, 1, 5, 1}, 2};
  auto found = by_name(pivot, other, {rotation(4, 1)});
  EXPECT_TRUE(std::isnan(found["cka"].value));
  EXPECT_TRUE(std::isnan(found["cka"].chance));
  EXPECT_EQ(found["mexa"].value, 0);
}

}  // namespace
}  // namespace tertium
