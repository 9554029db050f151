#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace tertium {

// Corrections for a family of tests. A p that is NaN was no test: it stays NaN and does not count in the family.

/// How many of them are tests.
std::size_t family_size(std::span<const double> p);

/// Holm's step-down (1979): the chance of any false rejection is at most the level, whatever the tests share.
std::vector<double> holm(std::span<const double> p);

/// Benjamini and Hochberg's step-up (1995): bounds the expected share of false ones among the rejections, for tests
/// that are independent or positively dependent.
std::vector<double> benjamini_hochberg(std::span<const double> p);

}  // namespace tertium
