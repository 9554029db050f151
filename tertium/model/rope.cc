#include <cmath>
#include <numbers>

#include "tertium/model/config.h"

namespace tertium {
namespace {

/// Llama 3.1: short wavelengths stay, long ones are divided by the factor, those between are blended.
float llama3_scaled(float frequency, const Rope& rope) {
  const double wavelength = 2 * std::numbers::pi / frequency;
  const double longest_kept = rope.original_context / rope.high_freq_factor;
  const double shortest_divided = rope.original_context / rope.low_freq_factor;
  if (wavelength < longest_kept) return frequency;
  if (wavelength > shortest_divided) return static_cast<float>(frequency / rope.factor);
  const double kept =
      (rope.original_context / wavelength - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor);
  return static_cast<float>((1 - kept) * frequency / rope.factor + kept * frequency);
}

}  // namespace

std::vector<float> inverse_frequencies(const Rope& rope, int head_dim) {
  std::vector<float> frequencies(head_dim / 2);
  for (int i = 0; i < head_dim / 2; ++i) {
    const auto exponent = static_cast<float>(2 * i) / static_cast<float>(head_dim);
    float frequency = 1.0f / static_cast<float>(std::pow(rope.theta, exponent));
    if (rope.scaling == Rope::Scaling::linear) frequency /= static_cast<float>(rope.factor);
    if (rope.scaling == Rope::Scaling::llama3) frequency = llama3_scaled(frequency, rope);
    if (!rope.divisors.empty()) frequency /= rope.divisors[i];
    frequencies[i] = frequency;
  }
  return frequencies;
}

}  // namespace tertium
