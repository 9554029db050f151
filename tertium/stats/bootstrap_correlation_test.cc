#include "tertium/stats/bootstrap_correlation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>
#include <vector>

namespace tertium {
namespace {

using Values = std::vector<double>;

const Values kX = {1, 2, 3, 4, 5, 6.5, 7, 7}, kY = {2, 1, 4, 3, 7, 5, 6.25, 5};

/// What `bootstrap_correlation` computes with weights, on resamples that are written out.
std::pair<double, double> plain(const Values& x, const Values& y, CorrelationKind kind, Bootstrap& bootstrap) {
  const Resamples& resamples = bootstrap.of(x.size());
  Values correlations;
  for (std::size_t resample = 0; resample < resamples.size(); ++resample) {
    Values some_x, some_y;
    for (std::size_t i = 0; i < x.size(); ++i)
      for (int count = resamples.count(i, resample); count > 0; --count) some_x.push_back(x[i]), some_y.push_back(y[i]);
    if (const double r = correlation(some_x, some_y, kind); !std::isnan(r)) correlations.push_back(r);
  }
  return bootstrap.interval(correlations, x.size());
}

TEST(BootstrapCorrelation, IsThatOfResamplesWrittenOut) {
  Bootstrap bootstrap({.resamples = 500});
  for (const CorrelationKind kind : {CorrelationKind::pearson, CorrelationKind::spearman}) {
    const Correlation found = bootstrap_correlation(kX, kY, kind, bootstrap);
    const auto [low, high] = plain(kX, kY, kind, bootstrap);
    EXPECT_EQ(found.value, correlation(kX, kY, kind));
    EXPECT_NEAR(found.low, low, 1e-12);
    EXPECT_NEAR(found.high, high, 1e-12);
    EXPECT_LT(found.low, found.value);
    EXPECT_LT(found.value, found.high);
  }
}

TEST(BootstrapCorrelation, OfAPerfectOrderIsNotCertain) {
  Bootstrap bootstrap;
  const Values x = {1, 2, 3, 4, 5}, y = {1, 4, 9, 16, 25};
  EXPECT_EQ(bootstrap_correlation(x, y, CorrelationKind::spearman, bootstrap).low, spearman(x, y).low);
}

TEST(BootstrapCorrelation, KnowsNothingOfAConstantOrOfTooFew) {
  Bootstrap bootstrap;
  const Correlation constant =
      bootstrap_correlation(Values{1, 2, 3, 4}, Values{5, 5, 5, 5}, CorrelationKind::spearman, bootstrap);
  EXPECT_TRUE(std::isnan(constant.value));
  EXPECT_EQ(constant.low, -1);
  const Correlation three =
      bootstrap_correlation(Values{1, 2, 3}, Values{1, 3, 2}, CorrelationKind::pearson, bootstrap);
  EXPECT_EQ(three.low, -1);
  EXPECT_EQ(three.high, 1);
}

TEST(BootstrapCorrelation, LeavesOutResamplesThatHaveNone) {
  Bootstrap bootstrap({.resamples = 500});
  const Correlation mostly_constant =
      bootstrap_correlation(Values{1, 1, 1, 1, 1, 2}, Values{3, 1, 2, 5, 4, 9}, CorrelationKind::pearson, bootstrap);
  EXPECT_GT(mostly_constant.low, -1) << "a third of its resamples lacks the only other x";
}

}  // namespace
}  // namespace tertium
