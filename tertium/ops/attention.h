#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace tertium {

/// Rows [begin, end) that follow one another, at positions that do too, up from `position`.
struct Stretch {
  std::int64_t begin, end;
  std::int64_t position;
};

/// Rows that attend together: each of `queries` sees some of `keys`. Both are packed rows in ascending order, hence in
/// the order in which they join, so that in every block the live ones lead.
struct Tile {
  std::vector<std::int64_t> queries;
  std::int64_t past_rows = 0;  // rows of earlier passes; as keys they come first
  std::vector<std::int64_t> keys;
  std::vector<std::vector<Stretch>> seen;  // [queries] which of past and `keys`, ascending; windows not yet applied
};

/// Keys and values of some rows of earlier passes: rows [first, first + count) of [n, 2 * kv_heads * head_dim], which
/// are [k | v], keys rotated.
struct PastStretch {
  const at::Tensor* kept;
  std::int64_t first, count;
};
/// In order.
using PastRows = std::vector<PastStretch>;

/// A tile as tensors on a device, made once for all blocks: in each, the live queries and keys lead.
struct TileTensors {
  /// Which keys, of past and tile, each query sees, [queries, keys]; and how far they lie, in f32, with ALiBi alone.
  struct Sight {
    at::Tensor seen, distances;
  };
  at::Tensor queries, keys;    // packed rows
  std::map<int, Sight> sight;  // by window
};

/// Sequences of rows that attend without masks (RaggedSequences, ops/aten/attention_levels.h) as tensors on a device.
struct LevelTensors {
  at::Tensor queries, keys;
  std::vector<std::int32_t> query_ends, key_ends;
  at::Tensor device_query_ends, device_key_ends;  // the same, as the device's kernels take them
  std::int64_t most_queries, most_keys;           // of one sequence
};

/// What is made once of a pass's tiles, of the device where they run.
struct AttentionTensors {
  std::vector<TileTensors> tiles;
  std::map<std::int64_t, std::vector<LevelTensors>> levels;  // by the number of live rows; own rows first
};

/// One block's attention: how it weighs, and who sees whom.
struct Attention {
  std::int64_t heads = 0, kv_heads = 0, head_dim = 0;
  double scale = 1;       // multiplies q·k
  double softcap = 0;     // c: q·k becomes c tanh(q·k / c); 0: none
  bool alibi = false;     // scores fall with distance (arXiv 2108.12409)
  int window = 0;         // a row sees itself and the `window` - 1 rows before it; 0: all before it
  std::int64_t live = 0;  // the pass's rows [0, live) take part
  std::span<const Tile> tiles;
  std::span<const PastRows> pasts;          // [tiles]
  std::span<const std::int64_t> positions;  // of all rows of the pass
  AttentionTensors* tensors = nullptr;      // which Ops may fill; `tiles` are as many as these
};

/// How many of `packed` (ascending) are live when the first `live` rows of the pass are.
std::int64_t live_of(const std::vector<std::int64_t>& packed, std::int64_t live);

/// Calls `visit` with each stretch of keys that a query at `position` sees through the window.
template <class Visit>
void for_each_seen(const Attention& attention, const Tile& tile, std::int64_t query, const Visit& visit) {
  const std::int64_t position = attention.positions[tile.queries[query]];
  for (const auto& [begin, end, first_position] : tile.seen[query]) {
    const std::int64_t outside =
        attention.window == 0 ? 0 : std::max<std::int64_t>(0, position - attention.window + 1 - first_position);
    if (begin + outside < end) visit(Stretch{begin + outside, end, first_position + outside});
  }
}

/// ALiBi: what each head's scores lose with every position of distance; [heads].
std::vector<float> alibi_slopes(std::int64_t heads);

}  // namespace tertium
