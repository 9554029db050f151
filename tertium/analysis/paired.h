#pragma once

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

/// Of items' values. `are_single`: they are single answers, 0 or 1, not means over draws.
PairedTest paired_test(const std::vector<double>& first, const std::vector<double>& second,
                       const std::vector<std::string>& units, bool are_single, Bootstrap& bootstrap);

}  // namespace tertium
