#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tertium {

class Engine;

/// How far a quantity is from the reference: the largest absolute difference over all its numbers, and in each row.
struct ParityLine {
  std::string quantity;  // "resid.0", "patched.last"
  double difference;
  std::size_t rows;            // of a layer
  std::vector<double> by_row;  // [layers, rows]
};

/// Where a model leaves the reference: the first place, in the order of the forward pass, that differs by more than a
/// tolerance. Of several sequences, the first one's.
struct Departure {
  std::string quantity;
  std::size_t layer;  // of resid the stream index, of attn_out, mlp_out and patched.* the block; of the others 0
  std::size_t row;    // of patched.*: 0
  double difference;
};
std::optional<Departure> first_departure(const std::vector<ParityLine>& lines, double tolerance);
/// "attn_out.0 in block 1, row 3, differs by 0.2".
std::string to_string(const Departure& departure);

/// Runs every ids.N of a golden file (docs/golden.md) and every patched.*, and compares all that the file holds. Throws
/// Error naming file and tensor if one is missing or misshaped.
std::vector<ParityLine> compare_with_golden(const Engine& engine, const std::filesystem::path& expect);

}  // namespace tertium
