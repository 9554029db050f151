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
  std::string quantity;  // "resid.0", "patched.last", "ablated.block"
  double difference;
  std::size_t rows;            // of a layer; of ablated.z the heads
  std::vector<double> by_row;  // [layers, rows]
};

/// Where a model leaves the reference: the first place, in the order of the forward pass, that differs by more than a
/// tolerance. Of several sequences, the first one's.
struct Departure {
  std::string quantity;
  std::size_t layer;  // of resid the stream index, of final_norm and logits 0, of all others the block
  std::size_t row;    // of patched.* and of effects: 0, or the head
  double difference;
};
std::optional<Departure> first_departure(const std::vector<ParityLine>& lines, double tolerance);
/// "attn_out.0 in block 1, row 3, differs by 0.2".
std::string to_string(const Departure& departure);

/// What a golden file was held against, and the quantities in it that this program does not know.
struct Parity {
  std::vector<ParityLine> lines;
  std::vector<std::string> not_compared;
};

/// Whether a quantity is of an undisturbed run.
bool is_clean(const std::string& quantity);

/// Runs every ids.N of a golden file (docs/golden.md), every patched.* and all effects, and compares all that the file
/// holds. Throws Error naming file and tensor if one is missing or misshaped.
Parity compare_with_golden(const Engine& engine, const std::filesystem::path& expect);

}  // namespace tertium
