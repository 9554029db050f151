#include "tertium/engine/layout.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include <fmt/format.h>

#include "tertium/engine/kept_strand.h"

namespace tertium {
namespace {

// A job's rows attend in one tile, so that its keys are put in order once. Very long ones are cut, lest the keys of the
// last rows be put in order for the first ones too.
constexpr std::size_t kTileRows = 512;

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
    require(!strand.past, job, "a strand hangs on a prefix or on an earlier run, not on both");
  }
}

void check_job(const Job& job, int blocks) {
  for (int s = 0; s < static_cast<int>(job.strands.size()); ++s) check_strand(job, s, blocks);
  const auto in_range = [&](int strand, int first, int rows) {
    return strand >= 0 && strand < static_cast<int>(job.strands.size()) && first >= 0 && rows > 0 &&
           first + rows <= job.strands[strand].rows();
  };
  for (const Intervention& change : job.interventions) {
    require(in_range(change.strand, change.row, change.rows), job, "an intervention's rows are out of range");
    require(change.site.block >= 0 && change.site.block < blocks, job, "an intervention outside the blocks");
    const int joined = job.strands[change.strand].first_block();
    require(joined <= canonical(change.site).block, job, "an intervention before its strand joins");
  }
  for (const Recording& recording : job.recordings)
    require(in_range(recording.strand, recording.first_row, recording.rows), job,
            "a recording's rows are out of range");
  for (const Reading& reading : job.readings)
    require(in_range(reading.strand, reading.row, 1), job, "a reading's row is out of range");
  for (const int kept : job.kept) require(in_range(kept, 0, 1), job, "a kept strand that is not there");
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

/// The first row of `strand` that an intervention changes; its number of rows if none does.
int first_changed(const Job& job, int strand) {
  int first = job.strands[strand].rows();
  for (const Intervention& change : job.interventions)
    if (change.strand == strand) first = std::min(first, change.row);
  return first;
}

/// A row to be placed in a tile.
struct PlacedRow {
  int strand;
  int row;
};

/// Adds the stretches that the first `rows` rows of `strand` and what it hangs on make up.
void add_visible(const Job& job, const std::vector<std::vector<std::int64_t>>& packed, int strand, int rows,
                 std::vector<Stretch>& stretches) {
  const int start = start_position(job, strand);
  for (int r = 0; r < rows; ++r) {
    const std::int64_t row = packed[strand][r];
    if (r > 0 && stretches.back().end == row)
      ++stretches.back().end;
    else
      stretches.push_back({row, row + 1, start + r});
  }
  if (const auto& prefix = job.strands[strand].prefix)
    add_visible(job, packed, prefix->strand, prefix->rows, stretches);
}

/// All rows that one row sees, ascending.
std::vector<Stretch> visible_to(const Job& job, const std::vector<std::vector<std::int64_t>>& packed,
                                const PlacedRow& query) {
  std::vector<Stretch> stretches;
  add_visible(job, packed, query.strand, query.row + 1, stretches);
  std::sort(stretches.begin(), stretches.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
  return stretches;
}

/// Adds a tile of some rows.
void add_tile(const Job& job, const std::vector<std::vector<std::int64_t>>& packed, std::span<const PlacedRow> rows,
              Layout& layout) {
  Tile& tile = layout.tiles.emplace_back();
  std::vector<Past>& pasts = layout.pasts.emplace_back();
  std::vector<std::vector<Stretch>> visible;
  std::vector<Stretch> all;
  for (const PlacedRow& query : rows) {
    tile.queries.push_back(packed[query.strand][query.row]);
    visible.push_back(visible_to(job, packed, query));
    all.insert(all.end(), visible.back().begin(), visible.back().end());
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
  std::int64_t next = 0;
  for (const PlacedRow& query : rows)
    if (const Past& past = past_of(job, query.strand); past && std::ranges::find(pasts, past) == pasts.end())
      pasts.push_back(past), tile.past_rows += past->rows();
  for (const Stretch& stretch : all)
    for (next = std::max(next, stretch.begin); next < stretch.end; ++next) tile.keys.push_back(next);

  for (std::size_t q = 0; q < rows.size(); ++q) {
    std::vector<Stretch>& seen = tile.seen.emplace_back();
    if (const Past& past = past_of(job, rows[q].strand)) {
      std::int64_t begin = 0;
      for (std::size_t p = 0; pasts[p] != past; ++p) begin += pasts[p]->rows();
      seen.push_back({begin, begin + past->rows(), 0});
    }
    for (const Stretch& stretch : visible[q]) {
      // The rows of one stretch are neighbours among the tile's keys too: all of them are there, in order.
      const auto at =
          tile.past_rows + (std::lower_bound(tile.keys.begin(), tile.keys.end(), stretch.begin) - tile.keys.begin());
      seen.push_back({at, at + stretch.end - stretch.begin, stretch.position});
    }
  }
}

}  // namespace

int shared_rows(const Job& before, const Job& job, int strand) {
  if (strand >= static_cast<int>(before.strands.size())) return 0;
  const Strand &a = before.strands[strand], &b = job.strands[strand];
  if (a.prefix || b.prefix || a.branch || b.branch || a.past != b.past) return 0;
  const int most = std::min(first_changed(before, strand), first_changed(job, strand));
  const auto end = std::mismatch(a.tokens.begin(), a.tokens.begin() + std::min(most, a.rows()), b.tokens.begin(),
                                 b.tokens.begin() + std::min(most, b.rows()))
                       .first;
  const auto same = static_cast<int>(end - a.tokens.begin());
  return same < kFewestShared ? 0 : same;
}

int rows_to_compute(const Job* before, const Job& job) {
  int rows = job.rows();
  for (int s = 0; before && s < static_cast<int>(job.strands.size()); ++s) rows -= shared_rows(*before, job, s);
  return rows;
}

Layout make_layout(std::span<const Job> jobs, int blocks, bool share) {
  Layout layout;
  for (const Job& job : jobs) {
    check_job(job, blocks);
    layout.packed.emplace_back(job.strands.size());
    layout.lengths.push_back(sequence_lengths(job));
  }
  std::vector<std::vector<PlacedRow>> placed(jobs.size());  // [job]: the rows that attend, in packing order
  for (int block = 0; block <= blocks; ++block) {
    for (std::size_t j = 0; j < jobs.size(); ++j) {
      for (int s = 0; s < static_cast<int>(jobs[j].strands.size()); ++s) {
        const Strand& strand = jobs[j].strands[s];
        if (strand.first_block() != block) continue;
        std::vector<std::int64_t>& packed = layout.packed[j][s];
        if (share && j > 0 && block == 0) {
          const auto& same = layout.packed[j - 1];
          if (const int rows = shared_rows(jobs[j - 1], jobs[j], s))
            packed.assign(same[s].begin(), same[s].begin() + rows);
        }
        const int start = start_position(jobs[j], s);
        for (auto r = static_cast<int>(packed.size()); r < strand.rows(); ++r) {
          packed.push_back(layout.rows());
          layout.owners.push_back(j);
          layout.positions.push_back(start + r);
          const std::int64_t source =
              strand.branch ? layout.row(j, strand.branch->of, strand.branch->first_row + r) : -1;
          layout.sources.push_back(source);
          // A branch at block 0 copies embeddings: it is embedded like its source.
          if (block == 0) layout.tokens.push_back(strand.branch ? layout.tokens[source] : strand.tokens[r]);
          if (block < blocks) placed[j].push_back({s, r});
        }
      }
    }
    layout.live.push_back(layout.rows());
  }
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    const std::span<const PlacedRow> rows = placed[j];
    for (std::size_t first = 0; first < rows.size(); first += kTileRows)
      add_tile(jobs[j], layout.packed[j], rows.subspan(first, std::min(kTileRows, rows.size() - first)), layout);
  }
  return layout;
}

}  // namespace tertium
