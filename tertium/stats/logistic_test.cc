#include "tertium/stats/logistic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "tertium/stats/random.h"

namespace tertium {
namespace {

using testing::ElementsAre;
using Values = std::vector<double>;

/// Sixty rows: an intercept, a 0 or 1, a count, a margin and two of three languages. statsmodels 0.15 fitted the same.
LogisticData sixty_rows() {
  LogisticData data{.columns = 6};
  data.outcomes = {1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1,
                   0, 0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0};
  for (int i = 0; i < 60; ++i)
    for (const double value : {1.0, i * 7 % 5 < 2 ? 1.0 : 0.0, 10.0 + i * 13 % 17, (i * 29 % 31 - 15) / 4.0,
                               i % 3 == 1 ? 1.0 : 0.0, i % 3 == 2 ? 1.0 : 0.0})
      data.design.push_back(value);
  return data;
}

/// Rows of an intercept and one predictor.
LogisticData rows(const Values& predictor, std::vector<std::uint8_t> outcomes) {
  LogisticData data{.columns = 2, .outcomes = std::move(outcomes)};
  for (const double value : predictor) data.design.insert(data.design.end(), {1, value});
  return data;
}

void expect_coefficient(const Coefficient& found, const Coefficient& expected) {
  EXPECT_NEAR(found.value, expected.value, 1e-10);
  EXPECT_NEAR(found.error, expected.error, 1e-10);
  EXPECT_NEAR(found.z, expected.z, 1e-9);
  EXPECT_NEAR(found.p, expected.p, 1e-10);
  EXPECT_NEAR(found.low, expected.low, 1e-9);
  EXPECT_NEAR(found.high, expected.high, 1e-9);
}

TEST(Logistic, AgreesWithStatsmodels) {
  const LogisticFit fit = logistic_regression(sixty_rows());
  ASSERT_EQ(fit.state, LogisticState::converged);
  expect_coefficient(fit.coefficients[0], {0.250176589681745, 1.3069677540843, 0.191417568566584, 0.848198456824569,
                                           -2.31143313727868, 2.81178631664217});
  expect_coefficient(fit.coefficients[1], {1.47413774913152, 0.636442345460705, 2.31621569439165, 0.0205464946945425,
                                           0.226733673792336, 2.7215418244707});
  expect_coefficient(fit.coefficients[2], {-0.0860819259100296, 0.0692502332342875, -1.24305611533173,
                                           0.213847155714394, -0.221809888970232, 0.0496460371501727});
  expect_coefficient(fit.coefficients[5], {0.0492908321255706, 0.813822563774901, 0.0605670502633104, 0.951704015409119,
                                           -1.54577208267929, 1.64435374693043});
}

TEST(Logistic, ClustersErrorsByUnitAsStatsmodelsDoes) {
  LogisticData data = sixty_rows();
  for (std::size_t row = 0; row < 60; ++row) data.units.push_back(row / 3);
  const LogisticFit fit = logistic_regression(data);
  ASSERT_EQ(fit.state, LogisticState::converged);
  EXPECT_EQ(fit.units, 20u);
  expect_coefficient(fit.coefficients[1], {1.47413774913152, 0.679544894820479, 2.16930148451921, 0.0300598026100707,
                                           0.142254229405318, 2.80602126885771});
  expect_coefficient(fit.coefficients[3], {0.289243987256021, 0.131870432717905, 2.19339529942065, 0.0282789107053364,
                                           0.030782688503214, 0.547705286008828});
}

TEST(Logistic, OfOnePredictorOfTwoValuesIsTheLogOddsRatio) {
  const LogisticFit fit = logistic_regression(rows({0, 0, 0, 0, 1, 1, 1, 1}, {1, 0, 0, 0, 1, 1, 1, 0}));
  ASSERT_EQ(fit.state, LogisticState::converged);
  EXPECT_NEAR(fit.coefficients[0].value, std::log(1 / 3.0), 1e-9);
  EXPECT_NEAR(fit.coefficients[1].value, std::log(9.0), 1e-9);
}

TEST(Logistic, DoesNotChangeWithAColumnsUnit) {
  LogisticData data = sixty_rows(), scaled = data;
  for (std::size_t row = 0; row < 60; ++row) scaled.design[row * 6 + 2] *= 1e6;
  const Coefficient one = logistic_regression(data).coefficients[2],
                    other = logistic_regression(scaled).coefficients[2];
  EXPECT_NEAR(one.value, other.value * 1e6, 1e-9);
  EXPECT_NEAR(one.z, other.z, 1e-8);
}

TEST(Logistic, SaysWhatSeparatesCompletely) {
  const LogisticFit fit = logistic_regression(rows({1, 2, 3, 4, 5, 6}, {0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(fit.state, LogisticState::separated);
  EXPECT_THAT(fit.culprits, ElementsAre(1));
  EXPECT_TRUE(std::isnan(fit.coefficients[1].value));
}

TEST(Logistic, SaysWhatSeparatesSomeRows) {
  LogisticData data = sixty_rows();
  for (std::size_t row = 0; row < 60; ++row)  // in the last language all are right
    if (data.design[row * 6 + 5] == 1) data.outcomes[row] = 1;
  const LogisticFit fit = logistic_regression(data);
  EXPECT_EQ(fit.state, LogisticState::separated);
  EXPECT_THAT(fit.culprits, ElementsAre(5));
  const LogisticFit touching = logistic_regression(rows({1, 2, 3, 3, 4, 5}, {0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(touching.state, LogisticState::separated) << "all but the two at 3";
}

TEST(Logistic, SeparatesNothingWhereOneRowIsAmiss) {
  const LogisticFit fit = logistic_regression(rows({1, 2, 3, 4, 5, 6, 7, 8}, {0, 0, 0, 1, 0, 1, 1, 1}));
  EXPECT_EQ(fit.state, LogisticState::converged);
  const LogisticFit steep = logistic_regression(rows({-1e6, -2, -1, -.001, .001, 1, 2, 1e6}, {0, 0, 0, 1, 0, 1, 1, 1}));
  EXPECT_EQ(steep.state, LogisticState::converged) << "though most rows are all but certain";
}

/// Whether a threshold on the predictor tells the outcomes, or all but those of rows that lie on it.
bool threshold_separates(const LogisticData& data) {
  double low[] = {INFINITY, INFINITY}, high[] = {-INFINITY, -INFINITY};  // by outcome
  for (std::size_t row = 0; row < data.outcomes.size(); ++row) {
    const double value = data.design[2 * row + 1];
    const std::size_t outcome = data.outcomes[row];
    low[outcome] = std::min(low[outcome], value), high[outcome] = std::max(high[outcome], value);
  }
  return high[0] <= low[1] || high[1] <= low[0];
}

TEST(Logistic, IsSeparatedExactlyWhereAThresholdSeparates) {
  Random random(1);
  int separated = 0, converged = 0;
  for (int problem = 0; problem < 3000; ++problem) {
    Values predictor;
    std::vector<std::uint8_t> outcomes;
    for (std::size_t row = 5 + below(random, 20); row > 0; --row) {
      predictor.push_back((below(random, 10) == 0 ? 1e4 : 1) * (static_cast<double>(below(random, 300)) / 100 - 1));
      outcomes.push_back(predictor.back() > 0 ? below(random, 8) > 0 : below(random, 8) == 0);
    }
    const LogisticData data = rows(predictor, outcomes);
    const LogisticFit fit = logistic_regression(data);
    separated += fit.state == LogisticState::separated, converged += fit.state == LogisticState::converged;
    EXPECT_EQ(fit.state, threshold_separates(data) ? LogisticState::separated : LogisticState::converged) << problem;
  }
  EXPECT_GT(separated, 300);
  EXPECT_GT(converged, 300);
}

TEST(Logistic, OfEqualOutcomesIsSeparatedByTheIntercept) {
  const LogisticFit fit = logistic_regression(rows({1, 3, 2, 5}, {1, 1, 1, 1}));
  EXPECT_EQ(fit.state, LogisticState::separated);
}

TEST(Logistic, NamesColumnsThatAreCombinationsOfOthers) {
  LogisticData data = sixty_rows();
  for (std::size_t row = 0; row < 60; ++row)  // the third language's beside the other two and the intercept
    data.design[row * 6 + 2] = 1 - data.design[row * 6 + 4] - data.design[row * 6 + 5];
  const LogisticFit fit = logistic_regression(data);
  EXPECT_EQ(fit.state, LogisticState::collinear);
  EXPECT_EQ(fit.culprits.size(), 1u);
  EXPECT_EQ(logistic_regression(rows({0, 0, 0, 0}, {1, 0, 1, 0})).state, LogisticState::collinear);
  EXPECT_THAT(logistic_regression(rows({0, 0, 0, 0}, {1, 0, 1, 0})).culprits, ElementsAre(1));
}

TEST(Logistic, NeedsMoreRowsThanColumnsAndUnitsToCompare) {
  EXPECT_EQ(logistic_regression(rows({1, 2}, {0, 1})).state, LogisticState::too_few);
  EXPECT_EQ(logistic_regression(LogisticData{.columns = 2}).state, LogisticState::too_few);
  LogisticData data = sixty_rows();
  data.units.assign(60, 0);
  const LogisticFit fit = logistic_regression(data);
  EXPECT_EQ(fit.state, LogisticState::converged);
  EXPECT_TRUE(std::isnan(fit.coefficients[1].error) && std::isnan(fit.coefficients[1].p));
}

}  // namespace
}  // namespace tertium
