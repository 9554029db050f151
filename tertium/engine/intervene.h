#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "tertium/engine/strand.h"

namespace tertium {

/// Whether what is done to every row is done to a sequence's first one too, which often is an attention sink.
enum class FirstToken { included, left_out };

/// Changes every row of a strand at a site.
void everywhere(Job& job, int strand, Site site, const Change& change, FirstToken first = FirstToken::included);

/// Skips a block at every row of a strand: neither its attention nor its MLP adds anything, so that the stream leaves
/// it as it enters.
void skip_block(Job& job, int strand, int block, FirstToken first = FirstToken::included);

/// An orthonormal basis of what directions [n, width] span, [rank, width]: what Operation::project takes. Throws Error
/// naming them if a direction is zero, NaN or infinite.
std::vector<float> orthonormal(std::span<const float> directions, std::size_t width, const std::string& name);

}  // namespace tertium
