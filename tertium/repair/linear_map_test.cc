#include "tertium/repair/linear_map.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace tertium {
namespace {

using Matrix = std::vector<float>;

Matrix random_matrix(std::size_t rows, std::size_t columns, std::uint64_t seed, double size = 1) {
  std::mt19937_64 generator(seed);
  std::normal_distribution<double> normal;
  Matrix values(rows * columns);
  for (float& value : values) value = static_cast<float>(size * normal(generator));
  return values;
}

Matrix product(const Matrix& a, const Matrix& b, std::size_t inner) {
  const std::size_t rows = a.size() / inner, columns = b.size() / inner;
  Matrix values(rows * columns);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t k = 0; k < inner; ++k)
      for (std::size_t j = 0; j < columns; ++j) values[i * columns + j] += a[i * inner + k] * b[k * columns + j];
  return values;
}

Matrix mapped(const LinearMap& map, const Matrix& x) {
  const std::size_t width = map.bias.size();
  Matrix y = product(x, map.weight, width);
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += map.bias[i % width];
  return y;
}

Matrix transposed(const Matrix& a, std::size_t columns) {
  const std::size_t rows = a.size() / columns;
  Matrix values(a.size());
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j) values[j * rows + i] = a[i * columns + j];
  return values;
}

void expect_near(const Matrix& a, const Matrix& b, double tolerance) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], tolerance) << "at " << i;
}

void expect_rotation(const LinearMap& map) {
  const std::size_t width = map.bias.size();
  Matrix identity(width * width);
  for (std::size_t i = 0; i < width; ++i) identity[i * width + i] = 1;
  expect_near(product(transposed(map.weight, width), map.weight, width), identity, 1e-5);
}

constexpr std::size_t kWidth = 6, kPairs = 40;

/// A rotation of six columns: turns of pairs of them.
Matrix rotation() {
  Matrix turned(kWidth * kWidth);
  for (std::size_t pair = 0; pair < 3; ++pair) {
    const double angle = 0.4 + static_cast<double>(pair);
    const std::size_t i = 2 * pair, j = i + 1;
    turned[i * kWidth + i] = turned[j * kWidth + j] = static_cast<float>(std::cos(angle));
    turned[i * kWidth + j] = static_cast<float>(std::sin(angle));
    turned[j * kWidth + i] = -turned[i * kWidth + j];
  }
  return turned;
}

TEST(LinearMaps, TheMeanShiftLeadsFromMeanToMean) {
  const Matrix from = {1, 2, 3, 4}, to = {11, 2, 15, 8};
  expect_near(fit_mean_shift({from, to, 2}), {11, 2}, 1e-6);
}

TEST(LinearMaps, LeastSquaresFindsTheMapThatThereIs) {
  const Matrix from = random_matrix(kPairs, kWidth, 1);
  const LinearMap truth{random_matrix(kWidth, kWidth, 2), random_matrix(1, kWidth, 3)};
  const Matrix to = mapped(truth, from);
  const LinearMap found = fit_least_squares({from, to, kWidth});
  expect_near(found.weight, truth.weight, 0.02);  // the least ridge shrinks by a thousandth
  EXPECT_LT(squared_error(found, {from, to, kWidth}), 1e-3);
}

TEST(LinearMaps, LeastSquaresIsItsNormalEquations) {
  // Noise alone: a large λ is chosen. Whichever it is, fromᵀ(from W − to) = −λ W, one λ for all.
  for (const std::size_t pairs : {std::size_t{4 * kWidth}, kWidth - 1}) {
    Matrix from = random_matrix(pairs, kWidth, 4), to = random_matrix(pairs, kWidth, 5);
    const auto centre = [&](Matrix& values) {
      for (std::size_t j = 0; j < kWidth; ++j) {
        double mean = 0;
        for (std::size_t i = 0; i < pairs; ++i) mean += values[i * kWidth + j] / static_cast<double>(pairs);
        for (std::size_t i = 0; i < pairs; ++i) values[i * kWidth + j] -= static_cast<float>(mean);
      }
    };
    centre(from), centre(to);
    const LinearMap found = fit_least_squares({from, to, kWidth});
    Matrix rest = product(from, found.weight, kWidth);
    for (std::size_t i = 0; i < rest.size(); ++i) rest[i] -= to[i];
    const Matrix slope = product(transposed(from, kWidth), rest, pairs);
    std::size_t largest = 0;
    for (std::size_t i = 0; i < slope.size(); ++i)
      if (std::abs(found.weight[i]) > std::abs(found.weight[largest])) largest = i;
    const double lambda = -slope[largest] / found.weight[largest];
    EXPECT_GT(lambda, 0);
    for (std::size_t i = 0; i < slope.size(); ++i) EXPECT_NEAR(slope[i], -lambda * found.weight[i], 1e-3);
  }
}

TEST(LinearMaps, LowRankIsOfThatRankAndNoBetterThanTheWhole) {
  const Matrix from = random_matrix(kPairs, kWidth, 6), noise = random_matrix(kPairs, kWidth, 7, 0.1);
  Matrix to = mapped({random_matrix(kWidth, kWidth, 8), Matrix(kWidth)}, from);
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += noise[i];
  const StatePairs pairs{from, to, kWidth};
  double last = INFINITY;
  for (std::size_t rank = 1; rank <= kWidth; ++rank) {
    const LinearMap found = fit_least_squares(pairs, rank);
    const double error = squared_error(found, pairs);
    EXPECT_LE(error, last + 1e-9) << "rank " << rank;
    last = error;
    if (rank > 1) continue;
    for (std::size_t i = 0; i < kWidth; ++i)  // every minor of rank 1 is 0
      for (std::size_t j = 0; j + 1 < kWidth; ++j)
        EXPECT_NEAR(found.weight[i * kWidth + j] * found.weight[j + 1],
                    found.weight[i * kWidth + j + 1] * found.weight[j], 1e-3);
  }
  EXPECT_NEAR(last, squared_error(fit_least_squares(pairs), pairs), 1e-6);
}

TEST(LinearMaps, ProcrustesFindsTheRotation) {
  const Matrix from = random_matrix(kPairs, kWidth, 9), shift = random_matrix(1, kWidth, 10);
  const Matrix to = mapped({rotation(), shift}, from);
  const LinearMap found = fit_procrustes({from, to, kWidth});
  expect_near(found.weight, rotation(), 1e-4);
  expect_near(found.bias, shift, 1e-4);
}

TEST(LinearMaps, ProcrustesOfFewPairsTurnsWhatTheySayAndLeavesTheRest) {
  // Two pairs in the first two columns, turned by a right angle.
  Matrix from(2 * kWidth), to(2 * kWidth);
  from[0] = 1, from[kWidth + 0] = -1, to[1] = 1, to[kWidth + 1] = -1;
  const LinearMap found = fit_procrustes({from, to, kWidth});
  expect_rotation(found);
  EXPECT_NEAR(squared_error(found, {from, to, kWidth}), 0, 1e-8);
  for (std::size_t i = 2; i < kWidth; ++i) EXPECT_NEAR(found.weight[i * kWidth + i], 1, 1e-4);
  const Matrix few = random_matrix(3, kWidth, 11), others = random_matrix(3, kWidth, 12);
  expect_rotation(fit_procrustes({few, others, kWidth}));
}

TEST(LinearMaps, WhereAllStatesAreOneOnlyTheMeansAreLearnt) {
  const Matrix from(10 * 2, 3.0f);
  Matrix to = random_matrix(10, 2, 13);
  const LinearMap found = fit_least_squares({from, to, 2});
  expect_near(found.weight, {0, 0, 0, 0}, 1e-6);
  EXPECT_TRUE(std::isfinite(found.bias[0]));
}

}  // namespace
}  // namespace tertium
