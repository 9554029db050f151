#include "tertium/tasks/python_random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tertium {
namespace {

using testing::ElementsAre;

// All values here are what CPython 3.11 gives.

TEST(PythonRandom, GivesPythonsBits) {
  PythonRandom random(1234);
  EXPECT_EQ(random.next(), 4150886329U);
  EXPECT_EQ(random.next(), 3342196574U);
  EXPECT_EQ(random.next(), 1892932127U);
  EXPECT_EQ(random.next(), 501869158U);
  for (int i = 4; i < 999; ++i) random.next();
  EXPECT_EQ(random.next(), 3677914080U) << "the thousandth, behind the first twist";
}

TEST(PythonRandom, DrawsFromAListAsPythonDoes) {
  PythonRandom random(1234);
  EXPECT_THAT(random.sample(10, 3), ElementsAre(7, 1, 0));
  EXPECT_THAT(random.sample(5, 5), ElementsAre(0, 4, 2, 3, 1));
  EXPECT_THAT(random.sample(85, 6), ElementsAre(45, 30, 2, 3, 82, 44));
}

TEST(PythonRandom, DrawsFromManyAsPythonDoes) {
  PythonRandom random(1234);
  EXPECT_THAT(random.sample(100, 5), ElementsAre(99, 56, 14, 0, 11));
  EXPECT_THAT(random.sample(100, 5), ElementsAre(74, 4, 85, 88, 10));
  EXPECT_THAT(random.sample(86, 6), ElementsAre(12, 45, 30, 2, 3, 44)) << "one more than a list is made of";
}

TEST(PythonRandom, RefusesNumbersThatAreTooLargeAndTriesAgain) {
  PythonRandom random(7);
  std::vector<std::size_t> numbers;
  for (const std::size_t n : {1, 2, 3, 5, 64, 65, 1000000}) numbers.push_back(random.below(n));
  EXPECT_THAT(numbers, ElementsAre(0, 0, 1, 0, 9, 12, 383452));
}

}  // namespace
}  // namespace tertium
