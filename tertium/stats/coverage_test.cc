// Whether the intervals of stats/units.h hold what they promise: how often, in simulated experiments, a 95 % interval
// has the true value within it.
#include <gtest/gtest.h>

#include <boost/math/distributions/beta.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "tertium/stats/random.h"
#include "tertium/stats/units.h"

namespace tertium {
namespace {

using Values = std::vector<double>;

constexpr std::size_t kItems = 30;
constexpr int kExperiments = 1500;  // the standard error of a coverage of .95 is .006
constexpr std::size_t kResamples = 2000;

/// Items' probabilities: equally probable quantiles of a beta distribution with this mean. A small `alikeness` (a + b)
/// makes most items sure hits or sure misses.
Values population(double mean, double alikeness) {
  constexpr int kQuantiles = 1000;
  const boost::math::beta_distribution<> beta(mean * alikeness, (1 - mean) * alikeness);
  Values probabilities;
  for (int i = 0; i < kQuantiles; ++i) probabilities.push_back(boost::math::quantile(beta, (i + .5) / kQuantiles));
  return probabilities;
}

double mean_of(const Values& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// An item's value: its share of hits in so many draws.
double drawn(Random& random, double probability, int draws) {
  int hits = 0;
  for (int draw = 0; draw < draws; ++draw) hits += static_cast<double>(random() >> 11) * 0x1p-53 < probability;
  return static_cast<double>(hits) / draws;
}

/// The share of experiments whose interval has the population's mean.
double coverage_of_rates(const Values& probabilities, int draws) {
  Random random(7);
  Bootstrap bootstrap({.resamples = kResamples});
  const double truth = mean_of(probabilities);
  int covered = 0;
  for (int experiment = 0; experiment < kExperiments; ++experiment) {
    Values items(kItems);
    for (double& item : items) item = drawn(random, probabilities[below(random, probabilities.size())], draws);
    const Estimate rate = rate_of_items(items, {}, bootstrap);
    covered += rate.low <= truth && truth <= rate.high;
  }
  return static_cast<double>(covered) / kExperiments;
}

/// The same of a difference: main (one draw, as it has one donor) hits twice as often as its control.
double coverage_of_differences(const Values& probabilities, int draws) {
  Random random(8);
  Bootstrap bootstrap({.resamples = kResamples});
  const double truth = mean_of(probabilities) / 2;
  int covered = 0;
  for (int experiment = 0; experiment < kExperiments; ++experiment) {
    Values main(kItems), control(kItems);
    for (std::size_t item = 0; item < kItems; ++item) {
      const double probability = probabilities[below(random, probabilities.size())];
      main[item] = drawn(random, probability, 1);
      control[item] = drawn(random, probability / 2, draws);
    }
    const Estimate difference = paired_difference(main, control, {}, bootstrap);
    covered += difference.low <= truth && truth <= difference.high;
  }
  return static_cast<double>(covered) / kExperiments;
}

constexpr int kDraws[] = {1, 3, 10, 20};
constexpr double kAlikeness[] = {.5, 2, 20};

TEST(Coverage, OfRatesOfThirtyItemsIsFrom92To98Percent) {
  for (const double mean : {.2, .35, .5})
    for (const double alikeness : kAlikeness)
      for (const int draws : kDraws) {
        const double coverage = coverage_of_rates(population(mean, alikeness), draws);
        EXPECT_TRUE(.92 <= coverage && coverage <= .98)
            << coverage << " with mean " << mean << ", alikeness " << alikeness << ", draws " << draws;
      }
}

TEST(Coverage, OfRareHitsIsNeverTooSmall) {
  for (const double mean : {.02, .05, .1})
    for (const double alikeness : kAlikeness)
      for (const int draws : kDraws)
        EXPECT_LE(.92, coverage_of_rates(population(mean, alikeness), draws))
            << "mean " << mean << ", alikeness " << alikeness << ", draws " << draws;
}

TEST(Coverage, OfPairedDifferencesIsFrom92To98Percent) {
  for (const double mean : {.4, .6})
    for (const double alikeness : kAlikeness)
      for (const int draws : kDraws) {
        const double coverage = coverage_of_differences(population(mean, alikeness), draws);
        EXPECT_TRUE(.92 <= coverage && coverage <= .98)
            << coverage << " with mean " << mean << ", alikeness " << alikeness << ", draws " << draws;
      }
}

TEST(Coverage, OfRarePairedDifferencesIsNeverTooSmall) {
  for (const double mean : {.05, .1, .2})
    for (const double alikeness : kAlikeness)
      for (const int draws : kDraws)
        EXPECT_LE(.92, coverage_of_differences(population(mean, alikeness), draws))
            << "mean " << mean << ", alikeness " << alikeness << ", draws " << draws;
}

}  // namespace
}  // namespace tertium
