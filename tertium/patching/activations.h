#pragma once

#include <map>
#include <span>
#include <vector>

#include "tertium/engine/strand.h"

namespace tertium {

struct Config;

/// What of a clean run is kept for patches: some quantities at some rows of one strand.
struct Kept {
  std::vector<Quantity> quantities;
  std::vector<int> rows;  // ascending

  /// As a job is asked for it, in the order that Activations reads.
  std::vector<Recording> recordings(int strand) const;
  /// In bytes.
  std::size_t size(const Config& config) const;
};

/// The activations of one clean run that patches put into others.
class Activations {
 public:
  Activations() = default;
  /// `recorded` is what kept.recordings() gave.
  Activations(const Config& config, const Kept& kept, std::span<std::vector<float>> recorded);

  /// What numbers() gave, of a run of which as much was kept. Throws std::logic_error if it is of another.
  static Activations from_numbers(const Config& config, const Kept& kept, std::span<const float> numbers);
  /// All of them, for a file; as many as kept.size() has room for.
  std::vector<float> numbers() const;

  /// What stands at a site in one of the kept rows; of one head, if the site is of one. Throws std::logic_error if that
  /// was not kept.
  std::span<const float> at(Site site, int row) const;
  /// A quantity at a layer: a stream index for resid, a block for the others, 0 for final_norm.
  std::span<const float> of(Quantity quantity, int layer, int row) const;

 private:
  /// Rows that follow one another.
  struct Neighbours {
    int first_row;
    int rows;
    std::map<Quantity, std::vector<float>> values;  // [layers, rows, width]
  };
  std::vector<Neighbours> kept_;
  std::vector<Quantity> quantities_;  // in the order of the recordings
  std::map<Quantity, std::size_t> widths_;
  int head_dim_ = 0;
};

}  // namespace tertium
