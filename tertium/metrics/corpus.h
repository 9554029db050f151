#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "tertium/metrics/metric.h"

namespace tertium {

/// Reads the state of item i, [width].
using ReadState = std::function<void(std::size_t i, std::span<float> into)>;

/// A metric's rule (Metric::of_pair) over all pairs of `items` items at one layer. States are read in blocks, so that
/// memory does not grow with their number; each several times.
std::vector<Measured> measure_corpus(const Metric& metric, std::size_t items, std::size_t width, const ReadState& pivot,
                                     const ReadState& other);

/// The same from cosines that are there.
std::vector<Measured> measure_corpus(const Metric& metric, const Cosines& premises);

}  // namespace tertium
