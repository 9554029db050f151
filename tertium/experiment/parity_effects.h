#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tertium {

class Engine;
class GoldenFile;

/// Takes what the model computes of a quantity that a file may hold, and its shape.
using CompareQuantity = std::function<void(const std::string& name, const std::vector<float>& ours,
                                           const std::vector<std::int64_t>& shape)>;

/// All parts, one after the other.
std::vector<float> joined(const std::vector<std::vector<float>>& parts);

/// What interventions do, block by block, to the logits at the last row of ids.0 (docs/golden.md, "Effects"): every
/// such quantity that the file holds. Throws Error naming file and tensor if what one needs is missing or misshaped.
void compare_effects(const Engine& engine, const GoldenFile& golden, const CompareQuantity& compare);

/// Whether a tensor is what interventions are made of, or how near a choice was, and no quantity.
bool is_made_of(std::string_view tensor);

}  // namespace tertium
