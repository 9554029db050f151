#pragma once

#include <span>
#include <vector>

#include "tertium/engine/strand.h"

namespace tertium {

/// Rows that attend together: each of `queries` sees some of `keys`. Both are packed rows in ascending order, hence in
/// the order in which they join, so that in every block the live ones lead.
struct Tile {
  std::vector<std::int64_t> queries;
  std::vector<std::int64_t> keys;
  std::vector<char> visible;  // [queries, keys]; windows not yet applied
};

/// The lengths, in positions, of the sequences that a strand is part of. One sequence is a strand, with all it hangs on.
struct Lengths {
  int shortest;
  int longest;
};

/// Where every row of a pass lies. Rows are packed by the block at which they join, so that the live rows of a block
/// are the first ones; within that by job, so that a prompt's rows are neighbours.
struct Layout {
  std::vector<std::int64_t>
      live;  // [L + 1]: rows live in block b; the last entry counts those behind the last block too
  std::vector<std::int64_t> tokens;     // [live[0]]: the ids of the rows that start at block 0
  std::vector<std::int64_t> positions;  // [rows]
  std::vector<std::int64_t> sources;    // [rows]: the row that a branch's row copies where it joins; -1 for fresh rows
  std::vector<std::vector<std::int64_t>> first_row;  // [job][strand]
  std::vector<std::vector<Lengths>> lengths;         // [job][strand]
  std::vector<Tile> tiles;

  std::int64_t rows() const { return static_cast<std::int64_t>(positions.size()); }
  std::int64_t row(std::size_t job, int strand, int row) const { return first_row[job][strand] + row; }
  std::size_t job_of(std::int64_t row) const;  // the job that a packed row belongs to
};

/// Packs jobs for a model of `blocks` blocks. Throws std::logic_error naming the job if it is malformed.
Layout make_layout(std::span<const Job> jobs, int blocks);

}  // namespace tertium
