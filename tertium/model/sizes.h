#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tertium/model/config.h"

namespace tertium {

/// Of heads, widths, words, positions: far above any model, and products of two of them fit 64 bits with room.
inline constexpr int kLargestCount = 1 << 24;
inline constexpr int kMostBlocks = 10'000;

/// The numbers of a config come from a file, and code multiplies them. Throws Error naming `origin` where a product
/// that is the width of a row could not be an int, or where numbers contradict each other: more experts for each row
/// than there are, key heads that do not divide the heads, a rope wider than a head.
void demand_sizes(const Config& config, const std::string& origin);

/// A tokenizer may know more ids than the model has rows of its embedding. Throws Error naming `name`, whose id it is,
/// and the id where it is none of the `vocabulary` rows.
void demand_embedded(std::int64_t id, int vocabulary, std::string_view name);

}  // namespace tertium
