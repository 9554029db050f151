#include <algorithm>
#include <cmath>
#include <numbers>

#include "tertium/model/config.h"

namespace tertium {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;

/// Llama 3.1: short wavelengths stay, long ones are divided by the factor, those between are blended.
float llama3_scaled(float frequency, const Rope& rope) {
  const double wavelength = kTurn / frequency;
  const double longest_kept = rope.original_context / rope.high_freq_factor;
  const double shortest_divided = rope.original_context / rope.low_freq_factor;
  if (wavelength < longest_kept) return frequency;
  if (wavelength > shortest_divided) return static_cast<float>(frequency / rope.factor);
  const double kept =
      (rope.original_context / wavelength - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor);
  return static_cast<float>((1 - kept) * frequency / rope.factor + kept * frequency);
}

/// NTK-aware: beyond the original context the base grows with the sequence, so that the slowest pair just fits it.
double dynamic_theta(const Rope& rope, int length) {
  if (length <= rope.original_context) return rope.theta;
  const double stretch = rope.factor * length / rope.original_context - (rope.factor - 1);
  return rope.theta * std::pow(stretch, rope.rotated / (rope.rotated - 2.0));
}

/// YaRN: how much of pair i's frequency is divided by the factor. Pairs that turn often within the original context
/// stay (0), those that turn less than once are divided (1), those between are blended.
class YarnRamp {
 public:
  explicit YarnRamp(const Rope& rope) {
    // The (fractional) dimension that turns `turns` times.
    const auto dimension = [&](double turns) {
      return rope.rotated * std::log(rope.original_context / (turns * kTurn)) / (2 * std::log(rope.theta));
    };
    first_ = dimension(rope.beta_fast);
    last_ = dimension(rope.beta_slow);
    if (rope.truncate) {
      first_ = std::floor(first_);
      last_ = std::ceil(last_);
    }
    first_ = std::max(first_, 0.0);
    last_ = std::min(last_, rope.rotated - 1.0);
    if (first_ == last_) last_ += 0.001;
  }
  double operator()(int pair) const { return std::clamp((pair - first_) / (last_ - first_), 0.0, 1.0); }

 private:
  double first_, last_;
};

}  // namespace

std::vector<float> inverse_frequencies(const Rope& rope, int length) {
  const double theta = rope.scaling == Rope::Scaling::dynamic ? dynamic_theta(rope, length) : rope.theta;
  const std::vector<float>& factors = length > rope.original_context ? rope.long_factors : rope.short_factors;
  std::vector<float> frequencies(rope.rotated / 2);
  for (int i = 0; i < rope.rotated / 2; ++i) {
    const auto exponent = static_cast<float>(2 * i) / static_cast<float>(rope.rotated);
    const float stretched = factors.empty() ? 1.0f : factors[i];
    float frequency = 1.0f / (stretched * static_cast<float>(std::pow(theta, exponent)));
    if (rope.scaling == Rope::Scaling::linear) frequency /= static_cast<float>(rope.factor);
    if (rope.scaling == Rope::Scaling::llama3) frequency = llama3_scaled(frequency, rope);
    if (rope.scaling == Rope::Scaling::yarn) {
      const double divided = YarnRamp(rope)(i);
      frequency = static_cast<float>(frequency / rope.factor * divided + frequency * (1 - divided));
    }
    frequencies[i] = frequency;
  }
  return frequencies;
}

}  // namespace tertium
