#pragma once

#include <cstdint>
#include <span>

namespace tertium {

/// The Euclidean norm, summed in f64.
double norm(std::span<const float> values);

/// A Gaussian direction of a norm, the same on every machine. Asserts at least one value.
void fill_with_noise(std::span<float> into, double size, std::uint64_t seed);

}  // namespace tertium
