#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

namespace tertium {

/// What randomness is passed in as. The standard fixes every number of this engine; of what std:: or Boost
/// distributions make of them it fixes nothing, and Boost's versions differ, so draws are made by `below`.
using Random = std::mt19937_64;

/// One of 0 … n - 1, n < 2^32. Its bias is below n / 2^32, far less than any sampling here could show.
inline std::size_t below(Random& random, std::size_t n) {
  return static_cast<std::size_t>((random() >> 32) * static_cast<std::uint64_t>(n) >> 32);
}

}  // namespace tertium
