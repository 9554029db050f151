#include "tertium/metrics/metric.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tertium/base/names.h"
#include "tertium/base/text.h"
#include "tertium/metrics/corpus.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;

Measured measure(std::string_view metric, const StatementCosines& item) { return metric_named(metric).of_item(item); }

/// A matrix of n = 2.
Cosines two(double a, double b, double c, double d) { return {2, {a, b, c, d}}; }

/// Within each language, two statements that are alike to the degree given.
StatementCosines item_of(const Cosines& across, double within_pivot = 0, double within_other = 0) {
  return {across, two(1, within_pivot, within_pivot, 1), two(1, within_other, within_other, 1)};
}

/// n = 4: `diagonal` on the diagonal, 0.5 beside it.
Cosines four(double diagonal) {
  Cosines cosines{4, std::vector<double>(16, 0.5)};
  for (std::size_t k = 0; k < 4; ++k) cosines.values[5 * k] = diagonal;
  return cosines;
}

TEST(Cosines, AreThoseOfTheRows) {
  // Lengths 5, 13, 2 and 10; 9 columns, so that one is left over from the lanes of 8.
  const std::vector<float> a = {3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 5, 0, 0, 0, 0, 0, 0, 12};
  const std::vector<float> b = {0, 0, 0, 0, 0, 0, 0, 0, 2, 6, 8, 0, 0, 0, 0, 0, 0, 0};
  const Cosines c = cosines({a, 9}, {b, 9});
  ASSERT_EQ(c.n, 2u);
  EXPECT_NEAR(c.at(0, 0), 4.0 / 5, 1e-15);
  EXPECT_NEAR(c.at(0, 1), 3 * 6 / 50.0, 1e-15);
  EXPECT_NEAR(c.at(1, 0), 12.0 / 13, 1e-15);
  EXPECT_NEAR(c.at(1, 1), 5 * 8 / 130.0, 1e-15);
}

TEST(Cosines, WithAZeroRowAreZero) {
  const std::vector<float> a = {0, 0, 1, 1}, b = {1, 0, 0, 0};
  EXPECT_THAT(cosines({a, 2}, {b, 2}).values, ElementsAre(0, 0, DoubleNear(std::sqrt(0.5), 1e-15), 0));
}

TEST(Cosines, OfHugeAndTinyStatesDoNotOverflow) {
  const std::vector<float> a = {3e38f, 3e38f}, b = {1e-38f, 1e-38f};
  EXPECT_NEAR(cosines({a, 2}, {b, 2}).at(0, 0), 1, 1e-12);
}

TEST(Dali, NeedsEveryPairCloserThanAllOthers) {
  EXPECT_EQ(measure("dali", item_of(two(0.9, 0.7, 0.6, 0.8))).value, 1);
  EXPECT_EQ(measure("dali", item_of(two(0.9, 0.5, 0.7, 0.6))).value, 0) << "0.6 on the diagonal, 0.7 beside it";
  EXPECT_EQ(measure("dali", item_of(two(-0.1, -0.3, -0.4, -0.2))).value, 1) << "cosines may be negative";
}

TEST(Dali, OfFourOptionsFailsByOneOfTwelve) {
  StatementCosines item{four(0.6), four(1), four(1)};
  EXPECT_EQ(measure("dali", item).value, 1);
  item.across.values[14] = 0.7;  // row 3, column 2
  EXPECT_EQ(measure("dali", item).value, 0);
}

TEST(Dali, HeedsNoLikenessWithinALanguage) {
  EXPECT_EQ(measure("dali", item_of(two(0.5, 0, 0, 0.5), 0.9, 0.9)).value, 1);
}

TEST(DaliRow, ComparesWithinEachRowOnly) {
  const StatementCosines item = item_of(two(0.9, 0.7, 0.5, 0.6));  // 0.7 > 0.6, but in different rows
  EXPECT_EQ(measure("dali", item).value, 0);
  EXPECT_EQ(measure("dali_row", item).value, 1);
  EXPECT_EQ(measure("dali_row", item_of(two(0.6, 0.5, 0.9, 0.8))).value, 0) << "row 1 prefers statement 0";
  EXPECT_EQ(measure("dali_row", item_of(two(0.6, 0.5, 0.7, 0.8))).value, 1) << "column 0 prefers statement 1";
}

TEST(DaliRow, OfFourOptionsFailsByOneRow) {
  StatementCosines item{four(0.6), four(1), four(1)};
  EXPECT_EQ(measure("dali_row", item).value, 1);
  item.across.values[14] = 0.7;
  EXPECT_EQ(measure("dali_row", item).value, 0);
}

TEST(Dalist, NeedsThemCloserThanStatementsOfOneLanguageToo) {
  const Cosines across = two(0.9, 0.7, 0.6, 0.8);
  EXPECT_EQ(measure("dalist", item_of(across, 0.75, 0.75)).value, 1);
  EXPECT_EQ(measure("dalist", item_of(across, 0.85, 0.75)).value, 0);
  EXPECT_EQ(measure("dalist", item_of(across, 0.75, 0.85)).value, 0);
  EXPECT_EQ(measure("dalist", item_of(two(0.9, 0.85, 0.6, 0.8))).value, 0) << "and dali must hold";
}

TEST(Dalist, OfFourOptionsFailsByOneWithin) {
  StatementCosines item{four(0.6), four(1), four(1)};
  EXPECT_EQ(measure("dalist", item).value, 1) << "the diagonals within a language are no comparison";
  item.within_other.values[1] = item.within_other.values[4] = 0.7;
  EXPECT_EQ(measure("dalist", item).value, 0);
}

TEST(DaliMargin, IsLeastDiagonalMinusLargestOther) {
  EXPECT_NEAR(measure("dali_margin", item_of(two(0.9, 0.7, 0.6, 0.8))).value, 0.1, 1e-12);
  EXPECT_NEAR(measure("dali_margin", item_of(two(0.9, 0.5, 0.7, 0.6))).value, -0.1, 1e-12);
  EXPECT_NEAR(measure("dali_margin", {four(0.6), four(1), four(1)}).value, 0.1, 1e-12);
  EXPECT_FALSE(measure("dali_margin", item_of(two(0.5, 0.5, 0.5, 0.5))).tie) << "a difference of 0 is just a value";
}

TEST(Ties, GiveZeroAndAreCounted) {
  for (const std::string_view metric : {"dali", "dali_row", "dalist"}) {
    const Measured equal = measure(metric, item_of(two(0.5, 0.5, 0.5, 0.5), 0.5, 0.5));
    EXPECT_EQ(equal.value, 0) << metric;
    EXPECT_TRUE(equal.tie) << metric;
    const Measured close = measure(metric, item_of(two(0.9, 0.8 - 0.9e-6, 0, 0.8)));
    EXPECT_EQ(close.tie, metric != "dali_row") << metric << ": in row 1 nothing is close";
    EXPECT_EQ(close.value, metric == "dali_row" ? 1 : 0) << metric;
  }
}

TEST(Ties, EndAtAMillionth) {
  const Measured below = strictly_positive(0.9e-6), above = strictly_positive(1.1e-6),
                 under = strictly_positive(-0.9e-6);
  EXPECT_EQ(below.value, 0);
  EXPECT_TRUE(below.tie);
  EXPECT_EQ(above.value, 1);
  EXPECT_FALSE(above.tie);
  EXPECT_EQ(under.value, 0);
  EXPECT_TRUE(under.tie);
  EXPECT_FALSE(strictly_positive(-1.1e-6).tie);
}

TEST(Ties, WithinALanguageAreCountedByDalist) {
  const StatementCosines item = item_of(two(0.9, 0.1, 0.1, 0.8), 0.8, 0);
  EXPECT_FALSE(measure("dali", item).tie);
  EXPECT_TRUE(measure("dalist", item).tie);
  EXPECT_EQ(measure("dalist", item).value, 0);
}

TEST(Ties, AllStatesZeroIsATieNotAnAlignment) {
  const std::vector<float> zero(8, 0);
  const Cosines none = cosines({zero, 4}, {zero, 4});
  const Measured dali = measure("dali", {none, none, none});
  EXPECT_EQ(dali.value, 0);
  EXPECT_TRUE(dali.tie);
}

TEST(Mexat, LooksAlongRowAndColumn) {
  // Item 0 holds; item 1 loses to (0, 1) in its column; item 2 loses to (2, 0) in its row.
  const Cosines premises{3,
                         {0.9, 0.8, 0.1,  //
                          0.2, 0.7, 0.3,  //
                          0.6, 0.1, 0.5}};
  const std::vector<Measured> items = measure_corpus(metric_named("mexat"), premises);
  ASSERT_EQ(items.size(), 3u);
  EXPECT_EQ(items[0].value, 1);
  EXPECT_EQ(items[1].value, 0);
  EXPECT_EQ(items[2].value, 0);
  for (const Measured& item : items) EXPECT_FALSE(item.tie);
}

TEST(Mexat, TieGivesZeroToTheItemsItConcerns) {
  const Cosines premises{3,
                         {0.9, 0.7, 0.1,  //
                          0.2, 0.7, 0.3,  //
                          0.1, 0.1, 0.5}};
  const std::vector<Measured> items = measure_corpus(metric_named("mexat"), premises);
  EXPECT_EQ(items[0].value, 1);
  EXPECT_FALSE(items[0].tie);
  EXPECT_EQ(items[1].value, 0);
  EXPECT_TRUE(items[1].tie);
  EXPECT_EQ(items[2].value, 1);
  EXPECT_FALSE(items[2].tie);
}

// More items than a block holds.
TEST(Mexat, GivesTheSameFromStatesReadInBlocks) {
  constexpr std::size_t kItems = 600, kWidth = 8;
  std::mt19937_64 generator{2};
  std::normal_distribution<float> normal;
  std::vector<float> a(kItems * kWidth), b(kItems * kWidth);
  for (std::size_t k = 0; k < a.size(); ++k) a[k] = normal(generator), b[k] = a[k] + 0.3f * normal(generator);
  const auto reader = [&](const std::vector<float>& from) {
    return [&from](std::size_t i, std::span<float> into) { std::copy_n(&from[i * kWidth], kWidth, into.begin()); };
  };
  const Metric& mexat = metric_named("mexat");
  const std::vector<Measured> whole = measure_corpus(mexat, cosines({a, kWidth}, {b, kWidth})),
                              blocks = measure_corpus(mexat, kItems, kWidth, reader(a), reader(b));
  double aligned = 0;
  for (std::size_t i = 0; i < kItems; ++i) {
    EXPECT_EQ(blocks[i].value, whole[i].value) << i;
    EXPECT_EQ(blocks[i].tie, whole[i].tie) << i;
    aligned += whole[i].value;
  }
  EXPECT_GT(aligned, 0);
  EXPECT_LT(aligned, kItems);
}

TEST(MetricNamed, ListsTheKnownOnes) {
  EXPECT_EQ(test::error_of([] { metric_named("dally"); }),
            "metric \"dally\": tertium knows " + join(names_of(metrics())));
}

/// States without any alignment.
class Chance : public testing::Test {
 protected:
  static constexpr std::size_t kWidth = 64;  // wide enough that cosines are all but independent

  std::vector<float> random_states(std::size_t rows) {
    std::normal_distribution<float> normal;
    std::vector<float> states(rows * kWidth);
    for (float& value : states) value = normal(generator);
    return states;
  }
  StatementCosines random_item() {
    const std::vector<float> a = random_states(2), b = random_states(2);
    return {cosines({a, kWidth}, {b, kWidth}), cosines({a, kWidth}, {a, kWidth}), cosines({b, kWidth}, {b, kWidth})};
  }
  double rate(std::string_view metric, int items) {
    double hits = 0;
    for (int i = 0; i < items; ++i) hits += measure(metric, random_item()).value;
    return hits / items;
  }

  std::mt19937_64 generator{1};
};

// Bounds: about four standard errors.
TEST_F(Chance, OfDaliWithTwoOptionsIsASixth) { EXPECT_NEAR(rate("dali", 4000), 1.0 / 6, 0.025); }
TEST_F(Chance, OfDaliRowWithTwoOptionsIsAQuarter) { EXPECT_NEAR(rate("dali_row", 4000), 1.0 / 4, 0.028); }
TEST_F(Chance, OfDalistWithTwoOptionsIsAFifteenth) { EXPECT_NEAR(rate("dalist", 4000), 1.0 / 15, 0.016); }

TEST_F(Chance, OfMexatFallsWithTheNumberOfItems) {
  constexpr std::size_t kItems = 10;
  constexpr int kCorpora = 400;
  double hits = 0;
  for (int corpus = 0; corpus < kCorpora; ++corpus) {
    const std::vector<float> a = random_states(kItems), b = random_states(kItems);
    for (const Measured& item : measure_corpus(metric_named("mexat"), cosines({a, kWidth}, {b, kWidth})))
      hits += item.value;
  }
  EXPECT_NEAR(hits / (kItems * kCorpora), 1.0 / (2 * kItems - 1), 0.015);
}

}  // namespace
}  // namespace tertium
