#pragma once

#include <boost/random/mersenne_twister.hpp>
#include <cstdint>
#include <vector>

namespace tertium {

/// The numbers that Python's random.Random(seed) gives (CPython 3.11 and later), so that what Python programs draw can
/// be drawn again: MT19937 (Matsumoto and Nishimura 1998), seeded by its init_by_array with the key {seed}.
class PythonRandom {
 public:
  explicit PythonRandom(std::uint32_t seed);

  std::uint32_t next() { return static_cast<std::uint32_t>(engine_()); }  // 32 random bits
  /// Uniform in [0, n), as randrange(n); n from 1 to 2^31.
  std::size_t below(std::size_t n);
  /// `count` different indices below n, in the order drawn, as sample(range(n), count); count <= n.
  std::vector<std::size_t> sample(std::size_t n, std::size_t count);

 private:
  boost::random::mt19937 engine_;
};

}  // namespace tertium
