#include "tertium/stats/sign_flip.h"

#include <bit>
#include <cassert>
#include <cmath>
#include <limits>
#include <vector>

#include "tertium/stats/random.h"
#include "tertium/stats/ties.h"
#include "tertium/stats/units.h"

namespace tertium {
namespace {

constexpr std::size_t kMostExact = 30;  // a billion sums
/// Goes through all signs in Gray's order, in which one changes at a time.
double exact(const std::vector<double>& sums, double sum, double extreme) {
  const std::uint64_t all = std::uint64_t{1} << sums.size();
  std::uint64_t hits = 0, negative = 0;
  for (std::uint64_t step = 1;; ++step) {
    hits += std::abs(sum) >= extreme;
    if (step == all) return static_cast<double>(hits) / static_cast<double>(all);
    const auto unit = static_cast<std::size_t>(std::countr_zero(step));
    negative ^= std::uint64_t{1} << unit;
    sum += (negative >> unit & 1 ? -2 : 2) * sums[unit];
  }
}

double sampled(const std::vector<double>& sums, double extreme, const SignFlipOptions& options) {
  Random random(options.seed);
  std::size_t hits = 0;
  for (std::size_t flip = 0; flip < options.flips; ++flip) {
    double sum = 0;
    std::uint64_t signs = 0;
    for (std::size_t unit = 0; unit < sums.size(); ++unit, signs >>= 1) {
      if (unit % 64 == 0) signs = random();
      sum += signs & 1 ? sums[unit] : -sums[unit];
    }
    hits += std::abs(sum) >= extreme;
  }
  return static_cast<double>(hits + 1) / static_cast<double>(options.flips + 1);
}

}  // namespace

double sign_flip(std::span<const double> differences, std::span<const std::size_t> units,
                 const SignFlipOptions& options) {
  assert(options.largest_exact <= kMostExact);
  if (differences.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::vector<double> sums = sums_by_unit(differences, units);
  std::erase(sums, 0.0);  // whatever its sign, it adds nothing
  double sum = 0, reach = 0;
  for (const double one : sums) sum += one, reach += std::abs(one);
  const double extreme = std::abs(sum) - kAlike * reach;
  return sums.size() <= options.largest_exact ? exact(sums, sum, extreme) : sampled(sums, extreme, options);
}

}  // namespace tertium
