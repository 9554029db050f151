#pragma once

#include <string>
#include <vector>

#include "tertium/analysis/comparison.h"

namespace tertium {

/// Main of both at every place of the first, paired by the items that both patched; without corrected p. Blocks are
/// matched by relative depth where both numbers of blocks are known (alignment tells them) and differ; else only equal
/// blocks are.
std::vector<FlipChange> flip_changes(const NamedObservations& first, const NamedObservations& second,
                                     Bootstrap& bootstrap);

/// For each kind of patch a sentence: where flips differ after correction, or that they do nowhere.
void tell_flips(const std::vector<FlipChange>& changes, std::vector<std::string>& out);

}  // namespace tertium
