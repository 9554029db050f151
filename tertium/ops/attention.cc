#include "tertium/ops/attention.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tertium {

std::int64_t live_of(const std::vector<std::int64_t>& packed, std::int64_t live) {
  return std::lower_bound(packed.begin(), packed.end(), live) - packed.begin();
}

/// A geometric series from 2^(-8/n) for n heads; where n is no power of two, that of the power below, then every second
/// of the one above.
std::vector<float> alibi_slopes(std::int64_t heads) {
  const auto below = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(heads)));
  std::vector<float> slopes;
  for (std::int64_t i = 1; i <= below; ++i)
    slopes.push_back(static_cast<float>(std::pow(2.0, -8.0 * static_cast<double>(i) / static_cast<double>(below))));
  for (std::int64_t i = 1; static_cast<std::int64_t>(slopes.size()) < heads; i += 2)
    slopes.push_back(static_cast<float>(std::pow(2.0, -4.0 * static_cast<double>(i) / static_cast<double>(below))));
  return slopes;
}

}  // namespace tertium
