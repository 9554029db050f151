#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tertium/training/training_data.h"

namespace tertium {

/// Which batch comes when, from a seed alone: whoever asks for batch n gets the same, whatever was asked before.
class BatchOrder {
 public:
  /// `counts`: of the members of each group. A batch has `size` different members of one group; what is left of a group in
  /// a round is passed over, so that every batch is as large as the others where a group has enough.
  BatchOrder(std::vector<std::size_t> counts, std::size_t size, std::uint64_t seed);

  struct Batch {
    std::size_t group = 0;
    std::vector<std::size_t> members;
  };
  Batch at(std::size_t n) const;

 private:
  std::vector<std::size_t> counts_;
  std::size_t size_;
  std::uint64_t seed_;
  std::size_t in_round_ = 0;  // batches in which every group has been gone through once
};

/// A seeded order of 0 … n - 1 in which nothing keeps its place; n at least 2.
std::vector<std::size_t> derangement(std::size_t n, std::uint64_t seed);

}  // namespace tertium
