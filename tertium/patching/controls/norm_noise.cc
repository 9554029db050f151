#include <cmath>
#include <numbers>
#include <random>
#include <utility>

#include "tertium/patching/control.h"

namespace tertium {
namespace {

std::vector<std::size_t> donors(const DonorRequest& request) {
  // The main donor gives the norm; each draw is another direction.
  return std::vector<std::size_t>(request.draws, request.recipient);
}

/// Two independent normal numbers from two uniform ones (Box and Muller): the same on every machine, as the standard
/// library's own distributions are not.
std::pair<double, double> two_normal(std::mt19937_64& random) {
  const auto uniform = [&] { return (static_cast<double>(random() >> 11) + 0.5) * 0x1p-53; };  // in (0, 1)
  const double radius = std::sqrt(-2 * std::log(uniform())), angle = 2 * std::numbers::pi * uniform();
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

double norm(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * value;
  return std::sqrt(sum);
}

void blend(const Ingredients& from, std::span<float> into) {
  std::mt19937_64 random(from.seed);
  for (std::size_t k = 0; k < into.size(); k += 2) {
    const auto [first, second] = two_normal(random);
    into[k] = static_cast<float>(first);
    if (k + 1 < into.size()) into[k + 1] = static_cast<float>(second);
  }
  const double scale = norm(from.donor) / norm(into);
  for (float& value : into) value = static_cast<float>(value * scale);
}

}  // namespace

extern const Control norm_noise_control = {
    .name = "norm_noise",
    .rules_out = "mere disturbance: a random direction of the length of main's",
    .language = DonorLanguage::donor,
    .donors = donors,
    .blend = blend,
    .is_drawn = true,
};

}  // namespace tertium
