#include "tertium/stats/clustered.h"

#include <boost/math/distributions/students_t.hpp>
#include <cassert>
#include <cmath>
#include <map>

namespace tertium {

ClusteredDifference clustered_difference(const std::vector<double>& values, const std::vector<bool>& is_first,
                                         const std::vector<std::size_t>& units, double confidence) {
  assert(values.size() == is_first.size() && values.size() == units.size());
  double n[2] = {0, 0}, sum[2] = {0, 0};
  for (std::size_t i = 0; i < values.size(); ++i) {
    n[is_first[i]] += 1;
    sum[is_first[i]] += values[i];
  }
  const double mean[2] = {sum[0] / n[0], sum[1] / n[1]};
  std::map<std::size_t, double> influence;  // of each unit on the difference
  for (std::size_t i = 0; i < values.size(); ++i)
    influence[units[i]] += (is_first[i] ? 1 : -1) * (values[i] - mean[is_first[i]]) / n[is_first[i]];
  const double count = static_cast<double>(influence.size());
  ClusteredDifference result{{.value = mean[1] - mean[0], .n = influence.size()}};
  double variance = 0;
  for (const auto& [unit, part] : influence) variance += part * part;
  if (!(n[0] > 0 && n[1] > 0 && variance > 0 && count > 1)) return result;
  const double error = std::sqrt(variance * count / (count - 1));
  const boost::math::students_t student(count - 1);
  const double reach = boost::math::quantile(student, (1 + confidence) / 2) * error;
  result.difference.low = result.difference.value - reach;
  result.difference.high = result.difference.value + reach;
  result.p = 2 * boost::math::cdf(boost::math::complement(student, std::abs(result.difference.value) / error));
  return result;
}

}  // namespace tertium
