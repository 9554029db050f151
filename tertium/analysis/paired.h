#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "tertium/analysis/observations.h"
#include "tertium/stats/bootstrap.h"
#include "tertium/stats/estimate.h"

namespace tertium {

/// Two conditions on the same items, the first less the second.
struct PairedTest {
  std::size_t units = 0;
  Estimate difference;                 // bootstrap over units
  std::int64_t plus = -1, minus = -1;  // items that differ by 1 and by -1; -1 where the test is another
  double p = kUnknown;                 // McNemar's exact; else of random signs of the units' means
  double detectable = kUnknown;        // the smallest difference that 80 % of such samples show
};

/// Items' values under two conditions, gathered one by one.
struct PairedItems {
  std::vector<double> first, second;
  std::vector<std::string> units;
  std::size_t draws = 0;  // the most of an item

  void add(double one, double other, const std::string& unit, std::size_t of_draws) {
    first.push_back(one);
    second.push_back(other);
    units.push_back(unit);
    draws = std::max(draws, of_draws);
  }
  /// Nothing is known of no items.
  PairedTest test(bool are_single, Bootstrap& bootstrap) const;
};

/// Of items' values. `are_single`: they are single answers, 0 or 1, not means over draws.
PairedTest paired_test(const std::vector<double>& first, const std::vector<double>& second,
                       const std::vector<std::string>& units, bool are_single, Bootstrap& bootstrap);

}  // namespace tertium
