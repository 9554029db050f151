#pragma once

#include <cstdint>
#include <vector>

#include "tertium/ops/attention.h"

namespace tertium::aten {

/// Queries and keys of several sequences, one sequence behind the other. Keys below Attention::live are rows of the
/// pass; those from there on are the past rows of all tiles, in order.
struct RaggedSequences {
  std::vector<std::int64_t> queries, keys;
  std::vector<std::int32_t> query_ends = {0}, key_ends = {0};  // where each begins, and where the last ends
};

/// Who sees whom without masks: what a row sees is its stretch of its own strand, up to itself, and whole stretches
/// before that, which it mostly shares with others.
struct Levels {
  RaggedSequences own;  // as many keys as queries: each sees those up to itself
  std::vector<RaggedSequences>
      before;  // each query sees all keys of its sequence; it is once in each level, or not at all
};

/// Of the live rows. No window may cut what a row sees: see windows_cut.
Levels levels_of(const Attention& attention);

/// Whether the block's window hides something from some live row.
bool windows_cut(const Attention& attention);

}  // namespace tertium::aten
