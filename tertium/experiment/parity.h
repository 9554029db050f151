#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tertium {

class Engine;

/// How far a quantity is from the reference: the largest absolute difference over all its numbers.
struct ParityLine {
  std::string quantity;  // "resid.0", "patched.last"
  double difference;
};

/// Runs every ids.N of a golden file (docs/golden.md) and every patched.*, and compares all that the file holds. Throws
/// Error naming file and tensor if one is missing or misshaped.
std::vector<ParityLine> compare_with_golden(const Engine& engine, const std::filesystem::path& expect);

}  // namespace tertium
