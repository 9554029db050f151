#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tertium {

/// How far one quantity is from what PEFT and PyTorch computed, and how far it may be.
struct TrainingLine {
  std::string quantity;
  double difference = 0;  // of gradients relative to the largest expected number, of all else absolute
  double tolerance = 0;
  bool within() const { return difference <= tolerance; }
};

/// Whether a file holds losses, gradients and steps (docs/golden.md).
bool holds_training(const std::filesystem::path& expect);

/// Compares losses, their gradients and some steps of training with those of a file. Throws Error naming file and tensor.
std::vector<TrainingLine> compare_training(const std::filesystem::path& model, const std::filesystem::path& adapter,
                                           const std::filesystem::path& expect);

}  // namespace tertium
