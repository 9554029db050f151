#include "tertium/stats/logistic.h"

#include <Eigen/Dense>
#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cassert>
#include <cmath>
#include <limits>

namespace tertium {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kConverged = 1e-9;    // a step's change of any row's log odds, relative to 1 + these
constexpr double kDependent = 1e-9;    // of a column's length, what the others leave of it
constexpr double kUnmoved = 1e-7;      // of the largest entry of a step, what rounding and rest leave at other rows
constexpr double kContributes = 1e-3;  // of the largest entry of a direction
constexpr double kCertain = 18;       // log odds; the step is clean by then, and its curvature not yet lost to rounding
constexpr double kStillMoving = 0.1;  // where there is no finite fit, steps move some row by about 1
constexpr double kRounding = 1e-10;   // of the log-likelihood
constexpr int kHalvings = 30;

/// A regression on columns scaled to a mean square of 1: the fit does not change, and columns can be compared.
struct Problem {
  MatrixXd x;      // [rows, columns], scaled
  VectorXd y;      // [rows]
  VectorXd scale;  // [columns], what each was divided by
};

Problem problem_of(const LogisticData& data) {
  const auto rows = static_cast<Eigen::Index>(data.outcomes.size()), columns = static_cast<Eigen::Index>(data.columns);
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Problem problem{.x = Eigen::Map<const RowMajor>(data.design.data(), rows, columns), .y = VectorXd(rows)};
  for (Eigen::Index row = 0; row < rows; ++row) problem.y(row) = data.outcomes[static_cast<std::size_t>(row)];
  problem.scale = (problem.x.colwise().squaredNorm() / static_cast<double>(rows)).cwiseSqrt().transpose();
  for (double& scale : problem.scale)
    if (!(scale > 0)) scale = 1;  // a column of zeros is found to be dependent
  problem.x = problem.x * problem.scale.cwiseInverse().asDiagonal();
  return problem;
}

/// Columns that are combinations of the others.
std::vector<std::size_t> dependent_columns(const MatrixXd& x) {
  Eigen::ColPivHouseholderQR<MatrixXd> qr(x);
  qr.setThreshold(kDependent);
  std::vector<std::size_t> dependent;
  for (Eigen::Index i = qr.rank(); i < x.cols(); ++i)
    dependent.push_back(static_cast<std::size_t>(qr.colsPermutation().indices()(i)));
  std::sort(dependent.begin(), dependent.end());
  return dependent;
}

/// Whether a step leads to no finite fit: it moves only rows whose outcomes are certain already, all towards their
/// outcomes, and leaves the others where they are.
bool separates(const Problem& problem, const VectorXd& beta, const VectorXd& step) {
  const VectorXd sign = (2 * problem.y.array() - 1).matrix();
  const VectorXd moved = (problem.x * step).cwiseProduct(sign), reached = (problem.x * beta).cwiseProduct(sign);
  const VectorXd rounding = kUnmoved * step.cwiseAbs().maxCoeff() * problem.x.cwiseAbs().rowwise().sum();
  for (Eigen::Index row = 0; row < moved.size(); ++row)
    if (moved(row) < -rounding(row) || (moved(row) > rounding(row) && reached(row) < kCertain)) return false;
  return moved.maxCoeff() > kStillMoving;
}

/// The columns that a separating direction is made of; those of constants only if there is no other.
std::vector<std::size_t> columns_of(const Problem& problem, const VectorXd& direction) {
  const double least = kContributes * direction.cwiseAbs().maxCoeff();
  std::vector<std::size_t> varying, all;
  for (Eigen::Index column = 0; column < direction.size(); ++column) {
    if (std::abs(direction(column)) < least) continue;
    all.push_back(static_cast<std::size_t>(column));
    if ((problem.x.col(column).array() != problem.x(0, column)).any()) varying.push_back(all.back());
  }
  return varying.empty() ? all : varying;
}

double log_likelihood(const Problem& problem, const VectorXd& beta) {
  const VectorXd eta = problem.x * beta;
  double sum = 0;
  for (Eigen::Index row = 0; row < eta.size(); ++row) {
    const double towards = problem.y(row) > 0 ? eta(row) : -eta(row);  // log of 1 / (1 + exp(-towards)), safely
    sum += std::min(0.0, towards) - std::log1p(std::exp(-std::abs(towards)));
  }
  return sum;
}

/// Probabilities of a 1, by row.
VectorXd probabilities(const Problem& problem, const VectorXd& beta) {
  return (1 + (-(problem.x * beta).array()).exp()).inverse().matrix();
}

/// X'WX, the information that the rows hold about beta.
MatrixXd information(const Problem& problem, const VectorXd& probability) {
  const VectorXd weight = (probability.array() * (1 - probability.array())).matrix();
  return problem.x.transpose() * weight.asDiagonal() * problem.x;
}

struct Newton {
  LogisticState state = LogisticState::stalled;
  VectorXd beta;
  VectorXd direction;  // of the last step
};

Newton maximize(const Problem& problem, int steps) {
  Newton at{.beta = VectorXd::Zero(problem.x.cols())};
  double likelihood = log_likelihood(problem, at.beta);
  for (int step = 0; step < steps; ++step) {
    const VectorXd probability = probabilities(problem, at.beta);
    const VectorXd gradient = problem.x.transpose() * (problem.y - probability);
    at.direction = information(problem, probability).ldlt().solve(gradient);
    if (!at.direction.allFinite()) return at;
    if (separates(problem, at.beta, at.direction)) return at.state = LogisticState::separated, at;
    VectorXd next = at.beta + at.direction;
    double better = log_likelihood(problem, next);
    const double least = likelihood - kRounding * (1 + std::abs(likelihood));  // near the end rounding looks like loss
    for (int halving = 1; better < least && halving <= kHalvings; ++halving) {
      next = at.beta + std::ldexp(1, -halving) * at.direction;
      better = log_likelihood(problem, next);
    }
    at.beta = next, likelihood = better;
    const VectorXd moved = problem.x * at.direction, reached = problem.x * at.beta;
    if ((moved.array().abs() < kConverged * (1 + reached.array().abs())).all())
      return at.state = LogisticState::converged, at;
  }
  return at;
}

/// The sum over units of the outer products of their scores.
MatrixXd scatter_of_scores(const Problem& problem, const VectorXd& residual, const std::vector<std::size_t>& units,
                           std::size_t count) {
  MatrixXd scores = MatrixXd::Zero(static_cast<Eigen::Index>(count), problem.x.cols());
  for (Eigen::Index row = 0; row < residual.size(); ++row) {
    const auto unit = units.empty() ? row : static_cast<Eigen::Index>(units[static_cast<std::size_t>(row)]);
    scores.row(unit) += residual(row) * problem.x.row(row);
  }
  return scores.transpose() * scores;
}

/// Cluster-robust (CR1) variances of the scaled columns' coefficients.
VectorXd variances(const Problem& problem, const VectorXd& beta, const std::vector<std::size_t>& units,
                   std::size_t count) {
  if (count < 2) return VectorXd::Constant(beta.size(), std::numeric_limits<double>::quiet_NaN());
  const VectorXd probability = probabilities(problem, beta);
  const MatrixXd bread =
      information(problem, probability).ldlt().solve(MatrixXd::Identity(problem.x.cols(), problem.x.cols()));
  const MatrixXd meat = scatter_of_scores(problem, problem.y - probability, units, count);
  const auto n = static_cast<double>(problem.x.rows()), k = static_cast<double>(problem.x.cols()),
             g = static_cast<double>(count);
  return g / (g - 1) * (n - 1) / (n - k) * (bread * meat * bread).diagonal();
}

std::vector<Coefficient> coefficients(const VectorXd& beta, const VectorXd& variance, const VectorXd& scale,
                                      double confidence) {
  const boost::math::normal normal;
  const double reach = boost::math::quantile(normal, 0.5 + confidence / 2);
  std::vector<Coefficient> coefficients;
  for (Eigen::Index column = 0; column < beta.size(); ++column) {
    Coefficient& one = coefficients.emplace_back();
    one.value = beta(column) / scale(column);
    one.error = std::sqrt(variance(column)) / scale(column);
    one.z = one.value / one.error;
    if (std::isnan(one.z)) continue;
    one.p = 2 * boost::math::cdf(normal, -std::abs(one.z));
    one.low = one.value - reach * one.error;
    one.high = one.value + reach * one.error;
  }
  return coefficients;
}

}  // namespace

LogisticFit logistic_regression(const LogisticData& data, const LogisticOptions& options) {
  const std::size_t rows = data.outcomes.size();
  assert(data.columns > 0 && data.design.size() == rows * data.columns);
  assert(data.units.empty() || data.units.size() == rows);
  LogisticFit fit{.coefficients = std::vector<Coefficient>(data.columns), .rows = rows, .units = rows};
  if (!data.units.empty()) fit.units = *std::max_element(data.units.begin(), data.units.end()) + 1;
  if (rows <= data.columns) return fit.state = LogisticState::too_few, fit;
  const Problem problem = problem_of(data);
  fit.culprits = dependent_columns(problem.x);
  if (!fit.culprits.empty()) return fit.state = LogisticState::collinear, fit;
  const Newton found = maximize(problem, options.steps);
  fit.state = found.state;
  if (fit.state == LogisticState::separated) fit.culprits = columns_of(problem, found.direction);
  if (fit.state == LogisticState::converged)
    fit.coefficients = coefficients(found.beta, variances(problem, found.beta, data.units, fit.units), problem.scale,
                                    options.confidence);
  return fit;
}

}  // namespace tertium
