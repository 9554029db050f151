#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace tertium {

/// Where a training stands.
struct TrainingState {
  int step = 0;            // steps done
  int optimizer_steps = 0;
  int best_step = 0;       // of the adapter that is written so far
  int waited = 0;          // evaluations since
  double best = 0;         // what it was best by
};

/// Writes the state and named tensors, whole or not at all. Throws Error if it cannot.
void write_checkpoint(const std::filesystem::path& file, const std::string& fingerprint, const TrainingState& state,
                      const std::vector<std::pair<std::string, at::Tensor>>& tensors);

/// Reads it into tensors of the same names and shapes. Throws Error naming the file if it is of another fingerprint, or damaged.
TrainingState read_checkpoint(const std::filesystem::path& file, const std::string& fingerprint,
                              const std::vector<std::pair<std::string, at::Tensor>>& tensors);

}  // namespace tertium
