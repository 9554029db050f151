#pragma once

#include <map>
#include <span>
#include <vector>

#include "tertium/experiment/scoring.h"

namespace tertium {

class Engine;

/// What stands in the rows of one item's clean run, to be put into another's: each strand into its counterpart, row by
/// row at the same share of the way. An option or text that the donor has no rows for takes those of its context.
class DonorRows {
 public:
  /// Runs the donor, asked as `recipient` is. Of `quantities` all rows are kept.
  DonorRows(const Engine& engine, const ItemJob& donor, const ItemJob& recipient, std::vector<Quantity> quantities);

  /// For a row of one of the recipient's strands.
  std::span<const float> at(Site site, int strand, int row) const;

 private:
  struct Rows {
    int count;
    Activations values;
  };
  std::map<int, Rows> donor_;       // by strand
  std::map<int, int> counterpart_;  // of the recipient's strands
  std::vector<int> rows_;           // of the recipient's strands
};

}  // namespace tertium
