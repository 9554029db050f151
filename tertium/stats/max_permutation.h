#pragma once

#include <cstddef>
#include <cstdint>

#include "tertium/stats/layer_choice.h"

namespace tertium {

struct MaxPermutationOptions {
  std::size_t permutations = 10'000;
  std::uint64_t seed = 42;
};

/// The largest difference of all layers, against the largest under random permutations of the groups' labels (items in
/// neither stay out): p = (hits + 1) / (permutations + 1), which pays for the search over layers. Units with equally
/// many items exchange the labels of all of them; where each item is one, that is any permutation.
LayerChoice max_permutation(const LayerValues& table, const MaxPermutationOptions& options = {});

}  // namespace tertium
