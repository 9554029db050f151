#include "tertium/patching/noise.h"

#include <cmath>
#include <numbers>
#include <random>
#include <utility>

namespace tertium {
namespace {

/// Two independent normal numbers from two uniform ones (Box and Muller): the same on every machine, as the standard
/// library's own distributions are not.
std::pair<double, double> two_normal(std::mt19937_64& random) {
  const auto uniform = [&] { return (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53; };  // in (0, 1)
  const double radius = std::sqrt(-2 * std::log(uniform())), angle = 2 * std::numbers::pi * uniform();
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

}  // namespace

double norm(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * value;
  return std::sqrt(sum);
}

void fill_with_noise(std::span<float> into, double size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (std::size_t k = 0; k < into.size(); k += 2) {
    const auto [first, second] = two_normal(random);
    into[k] = static_cast<float>(first);
    if (k + 1 < into.size()) into[k + 1] = static_cast<float>(second);
  }
  const double scale = size / norm(into);
  for (float& value : into) value = static_cast<float>(value * scale);
}

}  // namespace tertium
