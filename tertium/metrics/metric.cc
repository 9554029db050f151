#include "tertium/metrics/metric.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tertium/base/error.h"
#include "tertium/base/names.h"
#include "tertium/base/text.h"

namespace tertium {

std::vector<double> unit_rows(const States& states) {
  std::vector<double> unit(states.values.begin(), states.values.end());
  for (std::size_t row = 0; row < states.rows(); ++row) {
    double* values = unit.data() + row * states.width;
    double sum = 0;
    for (std::size_t d = 0; d < states.width; ++d) sum += values[d] * values[d];
    const double scale = sum > 0 ? 1 / std::sqrt(sum) : 0;
    for (std::size_t d = 0; d < states.width; ++d) values[d] *= scale;
  }
  return unit;
}

// Partial sums in lanes: the compiler may not reorder a sum of doubles by itself, and so could not vectorise a plain
// loop.
double dot_product(const double* a, const double* b, std::size_t width) {
  constexpr std::size_t kLanes = 8;
  double lanes[kLanes] = {};
  std::size_t d = 0;
  for (; d + kLanes <= width; d += kLanes)
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += a[d + lane] * b[d + lane];
  double sum = 0;
  for (; d < width; ++d) sum += a[d] * b[d];
  for (const double lane : lanes) sum += lane;
  return sum;
}

Cosines cosines(const States& a, const States& b) {
  const std::vector<double> unit_a = unit_rows(a), unit_b = unit_rows(b);
  Cosines cosines{.n = a.rows(), .values = std::vector<double>(a.rows() * a.rows())};
  for (std::size_t i = 0; i < cosines.n; ++i)
    for (std::size_t j = 0; j < cosines.n; ++j)
      cosines.values[i * cosines.n + j] = dot_product(unit_a.data() + i * a.width, unit_b.data() + j * a.width, a.width);
  return cosines;
}

Measured strictly_positive(double difference) { return {difference >= kTie ? 1.0 : 0.0, std::abs(difference) < kTie}; }

double least_diagonal(const Cosines& cosines) {
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < cosines.n; ++k) least = std::min(least, cosines.at(k, k));
  return least;
}

double largest_off_diagonal(const Cosines& cosines) {
  double largest = -std::numeric_limits<double>::infinity();
  for (std::size_t k = 0; k < cosines.n; ++k)
    for (std::size_t m = 0; m < cosines.n; ++m)
      if (k != m) largest = std::max(largest, cosines.at(k, m));
  return largest;
}

#define TERTIUM_METRIC(name) extern const Metric name##_metric;
#include "tertium/metrics/metrics.def"
#undef TERTIUM_METRIC

const std::vector<const Metric*>& metrics() {
  static const std::vector<const Metric*> all = {
#define TERTIUM_METRIC(name) &name##_metric,
#include "tertium/metrics/metrics.def"
#undef TERTIUM_METRIC
  };
  return all;
}

const Metric& metric_named(std::string_view name) {
  for (const Metric* metric : metrics())
    if (metric->name == name) return *metric;
  fail("metric \"{}\": tertium knows {}", printable(name), join(names_of(metrics())));
}

}  // namespace tertium
