#include "tertium/stats/corrections.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tertium {
namespace {

/// The tests in ascending order of p.
std::vector<std::size_t> order_of(std::span<const double> p) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p.size(); ++i)
    if (!std::isnan(p[i])) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  return order;
}

std::vector<double> untested(std::size_t size) { return std::vector(size, std::numeric_limits<double>::quiet_NaN()); }

}  // namespace

std::size_t family_size(std::span<const double> p) {
  return static_cast<std::size_t>(std::count_if(p.begin(), p.end(), [](double one) { return !std::isnan(one); }));
}

std::vector<double> holm(std::span<const double> p) {
  const std::vector<std::size_t> order = order_of(p);
  std::vector<double> corrected = untested(p.size());
  double least = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    least = std::max(least, p[order[i]] * static_cast<double>(order.size() - i));
    corrected[order[i]] = std::min(1.0, least);
  }
  return corrected;
}

std::vector<double> benjamini_hochberg(std::span<const double> p) {
  const std::vector<std::size_t> order = order_of(p);
  std::vector<double> corrected = untested(p.size());
  double most = 1;
  for (std::size_t i = order.size(); i-- > 0;) {
    most = std::min(most, p[order[i]] * static_cast<double>(order.size()) / static_cast<double>(i + 1));
    corrected[order[i]] = most;
  }
  return corrected;
}

}  // namespace tertium
