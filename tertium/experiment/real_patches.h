#pragma once

#include <span>
#include <vector>

#include "tertium/engine/engine.h"
#include "tertium/screening/attribution.h"

namespace tertium {

/// The recipient's margin (gold less best other) when the donor's activations are put in at each place, less its clean
/// margin: [places], by real patches. NaN at a place whose position is not among the matches.
std::vector<double> real_changes(const Engine& engine, const Question& recipient, std::size_t gold,
                                 const Question& donor, std::span<const RowMatch> matches,
                                 std::span<const PatchPlace> places);

}  // namespace tertium
