#include "tertium/engine/layout.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include <fmt/format.h>

namespace tertium {
namespace {

// Fresh rows of one prompt attend together in large tiles. Branches are small and many, and see one another not at all:
// a larger tile would spend more on pairs that are masked than it saves in calls.
constexpr std::size_t kFreshTileRows = 256;
constexpr std::size_t kBranchTileRows = 64;

void require(bool condition, const Job& job, const char* what) {
  if (!condition) throw std::logic_error(fmt::format("malformed job \"{}\": {}", job.name, what));
}

void check_strand(const Job& job, int index, int blocks) {
  const Strand& strand = job.strands[index];
  require(strand.branch.has_value() == strand.tokens.empty(), job, "a strand holds either tokens or a branch");
  require(strand.rows() > 0, job, "a strand without rows");
  if (strand.branch) {
    const Branch& branch = *strand.branch;
    require(branch.of >= 0 && branch.of < index, job, "a branch of a strand that does not stand before it");
    const Strand& of = job.strands[branch.of];
    require(branch.first_row >= 0 && branch.first_row + branch.rows <= of.rows(), job,
            "a branch's rows are out of range");
    const bool source_is_live = of.first_block() < branch.block || (branch.block == 0 && !of.branch);
    require(branch.block <= blocks && source_is_live, job, "a branch joins before what it copies");
  }
  if (strand.prefix) {
    require(strand.prefix->strand >= 0 && strand.prefix->strand < index, job,
            "a prefix that does not stand before its strand");
    const Strand& prefix = job.strands[strand.prefix->strand];
    require(strand.prefix->rows >= 0 && strand.prefix->rows <= prefix.rows(), job, "a prefix's rows are out of range");
    require(prefix.first_block() <= strand.first_block(), job, "a prefix joins after its strand");
  }
}

void check_job(const Job& job, int blocks) {
  for (int s = 0; s < static_cast<int>(job.strands.size()); ++s) check_strand(job, s, blocks);
  const auto in_range = [&](int strand, int first, int rows) {
    return strand >= 0 && strand < static_cast<int>(job.strands.size()) && first >= 0 && rows > 0 &&
           first + rows <= job.strands[strand].rows();
  };
  for (const Edit& edit : job.edits) {
    require(in_range(edit.strand, edit.row, 1), job, "an edit's row is out of range");
    const int entered = edit.site.block + (edit.site.kind == SiteKind::resid_post);
    require(edit.site.block >= 0 && edit.site.block < blocks, job, "an edit outside the blocks");
    require(job.strands[edit.strand].first_block() <= entered, job, "an edit before its strand joins");
  }
  for (const Recording& recording : job.recordings) {
    require(in_range(recording.strand, recording.first_row, recording.rows), job,
            "a recording's rows are out of range");
    require(recording.quantity == Quantity::final_norm || !job.strands[recording.strand].branch, job,
            "a recording of all layers of a strand that joins later");
  }
  for (const Reading& reading : job.readings)
    require(in_range(reading.strand, reading.row, 1), job, "a reading's row is out of range");
}

int start_position(const Job& job, int strand) {
  const std::optional<Prefix>& prefix = job.strands[strand].prefix;
  return prefix ? start_position(job, prefix->strand) + prefix->rows : 0;
}

std::vector<Lengths> sequence_lengths(const Job& job) {
  constexpr int kUnknown = std::numeric_limits<int>::max();
  std::vector<Lengths> lengths(job.strands.size(), {kUnknown, 0});
  std::vector<int> hung_on(job.strands.size(), 0);  // rows that others see
  // Whoever hangs on a strand stands behind it.
  for (int s = static_cast<int>(job.strands.size()) - 1; s >= 0; --s) {
    // Rows that nobody hangs on end a sequence of their own.
    if (hung_on[s] < job.strands[s].rows()) {
      const int end = start_position(job, s) + job.strands[s].rows();
      lengths[s] = {std::min(lengths[s].shortest, end), std::max(lengths[s].longest, end)};
    }
    if (const auto& prefix = job.strands[s].prefix) {
      Lengths& of_prefix = lengths[prefix->strand];
      of_prefix = {std::min(of_prefix.shortest, lengths[s].shortest), std::max(of_prefix.longest, lengths[s].longest)};
      hung_on[prefix->strand] = std::max(hung_on[prefix->strand], prefix->rows);
    }
  }
  return lengths;
}

/// Calls `visit(first packed row, rows)` for each stretch that the first `rows` rows of `strand` and what it hangs on
/// make up.
template <class Visit>
void for_each_visible(const Job& job, const std::vector<std::int64_t>& first_row, int strand, int rows,
                      const Visit& visit) {
  visit(first_row[strand], rows);
  if (const auto& prefix = job.strands[strand].prefix)
    for_each_visible(job, first_row, prefix->strand, prefix->rows, visit);
}

/// A row to be placed in a tile.
struct PlacedRow {
  int strand;
  int row;
};

Tile make_tile(const Job& job, const std::vector<std::int64_t>& first_row, std::span<const PlacedRow> rows) {
  Tile tile;
  std::vector<std::pair<std::int64_t, std::int64_t>> seen;  // [begin, end), of all queries
  for (const PlacedRow& q : rows) {
    tile.queries.push_back(first_row[q.strand] + q.row);
    for_each_visible(job, first_row, q.strand, q.row + 1,
                     [&](std::int64_t first, int count) { seen.emplace_back(first, first + count); });
  }
  std::sort(seen.begin(), seen.end());
  std::int64_t next = 0;
  for (const auto& [begin, end] : seen)
    for (next = std::max(next, begin); next < end; ++next) tile.keys.push_back(next);

  tile.visible.assign(tile.queries.size() * tile.keys.size(), 0);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    char* line = tile.visible.data() + i * tile.keys.size();
    for_each_visible(job, first_row, rows[i].strand, rows[i].row + 1, [&](std::int64_t first, int count) {
      // The keys of one stretch are neighbours among the tile's keys too: all of them are there, in order.
      const auto at = std::lower_bound(tile.keys.begin(), tile.keys.end(), first) - tile.keys.begin();
      std::fill_n(line + at, count, 1);
    });
  }
  return tile;
}

/// Cuts `rows` (in packing order) into tiles of at most `most` rows.
void add_tiles(const Job& job, const std::vector<std::int64_t>& first_row, std::span<const PlacedRow> rows,
               std::size_t most, std::vector<Tile>& tiles) {
  for (std::size_t at = 0; at < rows.size(); at += most)
    tiles.push_back(make_tile(job, first_row, rows.subspan(at, std::min(most, rows.size() - at))));
}

}  // namespace

std::size_t Layout::job_of(std::int64_t row) const {
  std::size_t owner = 0;
  std::int64_t nearest = -1;  // the last strand that begins at or before the row
  for (std::size_t j = 0; j < first_row.size(); ++j) {
    for (const std::int64_t first : first_row[j]) {
      if (first > row || first <= nearest) continue;
      nearest = first;
      owner = j;
    }
  }
  return owner;
}

Layout make_layout(std::span<const Job> jobs, int blocks) {
  Layout layout;
  for (const Job& job : jobs) {
    check_job(job, blocks);
    layout.first_row.emplace_back(job.strands.size());
    layout.lengths.push_back(sequence_lengths(job));
  }
  std::vector<std::vector<PlacedRow>> fresh(jobs.size()), branched(jobs.size());
  for (int block = 0; block <= blocks; ++block) {
    for (std::size_t j = 0; j < jobs.size(); ++j) {
      for (int s = 0; s < static_cast<int>(jobs[j].strands.size()); ++s) {
        const Strand& strand = jobs[j].strands[s];
        if (strand.first_block() != block) continue;
        layout.first_row[j][s] = layout.rows();
        const int start = start_position(jobs[j], s);
        for (int r = 0; r < strand.rows(); ++r) {
          layout.positions.push_back(start + r);
          const std::int64_t source =
              strand.branch ? layout.row(j, strand.branch->of, strand.branch->first_row + r) : -1;
          layout.sources.push_back(source);
          // A branch at block 0 copies embeddings: it is embedded like its source.
          if (block == 0) layout.tokens.push_back(strand.branch ? layout.tokens[source] : strand.tokens[r]);
          if (block < blocks) (strand.branch ? branched : fresh)[j].push_back({s, r});
        }
      }
    }
    layout.live.push_back(layout.rows());
  }
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    add_tiles(jobs[j], layout.first_row[j], fresh[j], kFreshTileRows, layout.tiles);
    add_tiles(jobs[j], layout.first_row[j], branched[j], kBranchTileRows, layout.tiles);
  }
  return layout;
}

}  // namespace tertium
