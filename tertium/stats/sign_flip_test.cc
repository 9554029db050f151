#include "tertium/stats/sign_flip.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tertium/stats/two_rates.h"

namespace tertium {
namespace {

using Values = std::vector<double>;

/// So many pairs that only one side hits, and so many that only the other does.
Values pairs(std::size_t only_first, std::size_t only_second) {
  Values differences(only_first, 1);
  differences.insert(differences.end(), only_second, -1);
  return differences;
}

TEST(SignFlip, OfASingleDrawIsMcNemarsTest) {
  EXPECT_NEAR(sign_flip(pairs(8, 1)), mcnemar_exact(8, 1), 1e-15);
  EXPECT_NEAR(sign_flip(pairs(3, 13)), mcnemar_exact(3, 13), 1e-15);
  EXPECT_NEAR(sign_flip(pairs(30, 15)), mcnemar_exact(30, 15), 0.005) << "by 10,000 flips";
}

TEST(SignFlip, CountsAllAssignmentsOfFewItems) {
  EXPECT_DOUBLE_EQ(sign_flip(Values{1, 2, 3}), 2 / 8.0);
  EXPECT_DOUBLE_EQ(sign_flip(Values{1, 2, -3}), 1);
  EXPECT_DOUBLE_EQ(sign_flip(Values{-.5}), 1);
}

TEST(SignFlip, TakesSumsThatRoundingPartsForEqual) {
  EXPECT_DOUBLE_EQ(sign_flip(Values{.1, .2, -.3}), 1) << ".1 + .2 - .3 is not 0 in doubles";
  EXPECT_DOUBLE_EQ(sign_flip(Values{.1, .2, .3, .6}), 2 / 16.0);
}

TEST(SignFlip, IsNotChangedByItemsThatDoNotDiffer) {
  Values padded = {1, 2, 3, 4, -1};
  const double p = sign_flip(padded);
  padded.resize(40);
  EXPECT_EQ(sign_flip(padded), p) << "still exact";
}

TEST(SignFlip, KeepsTheItemsOfAUnitTogether) {
  EXPECT_DOUBLE_EQ(sign_flip(Values{1, 1, 1, 1}, std::vector<std::size_t>{0, 0, 1, 1}), 2 / 4.0);
  EXPECT_DOUBLE_EQ(sign_flip(Values{1, -1, 2, 1}, std::vector<std::size_t>{0, 0, 1, 1}), 1) << "one unit differs";
}

TEST(SignFlip, SampledIsNeverZeroAndHangsOnTheSeedAlone) {
  const Values all(40, 1);
  EXPECT_DOUBLE_EQ(sign_flip(all), 1 / 10'001.0);
  const Values mixed = pairs(30, 20);
  EXPECT_EQ(sign_flip(mixed), sign_flip(mixed));
  EXPECT_NE(sign_flip(mixed), sign_flip(mixed, {}, {.seed = 43}));
}

TEST(SignFlip, FindsNothingWhereNothingDiffers) {
  EXPECT_EQ(sign_flip(Values{0, 0, 0}), 1);
  EXPECT_TRUE(std::isnan(sign_flip(Values{})));
}

}  // namespace
}  // namespace tertium
