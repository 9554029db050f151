#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace tertium {

// Which layer to test, and what that choice costs. The first group's values (TS: transfer success) are expected to be
// larger than the second's (TF), so p is one-sided. Values that are all 0 or 1 are tested by the pooled two-proportion
// z, others (margins) by Mann-Whitney. All but the layer is NaN where a group is empty.

enum class Group : std::uint8_t { first, second, neither };

/// Items' values at every layer, and their groups.
struct LayerValues {
  std::size_t layers = 0;
  std::vector<double> values;      // [items, layers], never NaN
  std::vector<Group> groups;       // [items]
  std::vector<std::size_t> units;  // [items], numbered from 0 without a gap; empty: each item is one
};

struct LayerChoice {
  std::size_t layer = 0;                                         // of the table's, from 0
  double difference = std::numeric_limits<double>::quiet_NaN();  // of the groups' means, first less second
  double z = std::numeric_limits<double>::quiet_NaN();           // NaN where the test has none
  double p = std::numeric_limits<double>::quiet_NaN();
};

/// The study's rule: the first layer with the largest mean over all items (also those in neither group), tested on the
/// same items. arXiv 2504.09378.
LayerChoice study_choice(const LayerValues& table);

struct SplitHalfOptions {
  std::size_t splits = 200;
  std::uint64_t seed = 42;
};

/// The study's rule made honest: the layer is chosen on a random half of the units (the smaller, if their number is
/// odd) and tested on the other. The difference is the mean over splits, z the median, p twice the median and at most
/// 1, which holds however the splits depend on each other; the layer is the one chosen most often. A split without a
/// test (all hit or none, or a group is empty) shows nothing and counts as p = 1; where no split has one, p is NaN.
LayerChoice split_half(const LayerValues& table, const SplitHalfOptions& options = {});

}  // namespace tertium
