#pragma once

#include <span>
#include <vector>

#include "tertium/engine/strand.h"
#include "tertium/ops/attention.h"

namespace tertium {

/// The lengths, in positions, of the sequences that a strand is part of. One sequence is a strand, with all it hangs
/// on.
struct Lengths {
  int shortest;
  int longest;
};

/// Where every row of a pass lies. Rows are packed by the block at which they join, so that the live rows of a block
/// are the first ones; within that by job, so that a prompt's rows are neighbours. Jobs that begin alike share rows.
struct Layout {
  std::vector<std::int64_t>
      live;  // [L + 1]: rows live in block b; the last entry counts those behind the last block too
  std::vector<std::int64_t> tokens;     // [live[0]]: the ids of the rows that start at block 0
  std::vector<std::int64_t> positions;  // [rows]
  std::vector<std::int64_t> sources;    // [rows]: the row that a branch's row copies where it joins; -1 for fresh rows
  std::vector<std::size_t> owners;      // [rows]: the job that a packed row belongs to
  std::vector<std::vector<std::vector<std::int64_t>>> packed;  // [job][strand][row]: the packed row
  std::vector<std::vector<Lengths>> lengths;                   // [job][strand]
  std::vector<Tile> tiles;
  std::vector<std::vector<Past>> pasts;  // [tiles]: what their past rows are, in order

  std::int64_t rows() const { return static_cast<std::int64_t>(positions.size()); }
  std::int64_t row(std::size_t job, int strand, int row) const { return packed[job][strand][row]; }
};

/// Rows that are shared: fewer, as a BOS, are not worth their bookkeeping.
inline constexpr int kFewestShared = 16;

/// How many leading rows of strand `strand` of `job` are the same as those of the job before it: the same fresh tokens,
/// with no intervention among them. 0 where too few are to be worth it.
int shared_rows(const Job& before, const Job& job, int strand);

/// The rows of `job` to compute in a pass in which it follows `before` (null: it is the first).
int rows_to_compute(const Job* before, const Job& job);

/// Packs jobs for a model of `blocks` blocks. Rows that a job shares with the one before it are packed once, unless
/// `share` is false. Throws std::logic_error naming the job if it is malformed.
Layout make_layout(std::span<const Job> jobs, int blocks, bool share = true);

}  // namespace tertium
