#include "tertium/ops/aten/attention_levels.h"

#include <algorithm>
#include <map>
#include <utility>

namespace tertium::aten {
namespace {

using KeyRange = std::pair<std::int64_t, std::int64_t>;  // of a tile's keys, past ones first

/// One tile's part of the levels.
class TileLevels {
 public:
  /// `first_past`: how its first past row is counted.
  TileLevels(const Attention& attention, const Tile& tile, std::int64_t first_past, Levels& levels)
      : attention_(attention), tile_(tile), first_past_(first_past), levels_(levels) {}

  void add() {
    const std::int64_t queries = live_of(tile_.queries, attention_.live);
    for (std::int64_t q = 0; q < queries;) {
      // Rows of one strand that follow on each other, each seeing one key more than the one before.
      std::int64_t end = q + 1;
      while (end < queries && tile_.seen[end].back().begin == tile_.seen[q].back().begin &&
             tile_.seen[end].back().end == tile_.seen[end - 1].back().end + 1 &&
             tile_.seen[end].size() == tile_.seen[q].size())
        ++end;
      add_strand(q, end);
      q = end;
    }
    for (std::size_t level = 0; level < groups_.size(); ++level) {
      if (levels_.before.size() <= level) levels_.before.emplace_back();
      for (const auto& [keys, own] : groups_[level]) add_sequence(own, keys, levels_.before[level]);
    }
  }

 private:
  /// Queries [first, end).
  void add_strand(std::int64_t first, std::int64_t end) {
    std::vector<std::int64_t> queries(tile_.queries.begin() + first, tile_.queries.begin() + end);
    const Stretch& last = tile_.seen[first].back();
    const std::int64_t own = last.end - 1;  // the key that the first of them is
    add_sequence(queries, {own, own + end - first}, levels_.own);
    std::vector<KeyRange> before;
    for (const Stretch& stretch : tile_.seen[first]) before.emplace_back(stretch.begin, stretch.end);
    before.back().second = own;
    if (before.back().first == own) before.pop_back();
    if (groups_.size() < before.size()) groups_.resize(before.size());
    for (std::size_t level = 0; level < before.size(); ++level) {
      std::vector<std::int64_t>& group = groups_[level][before[level]];
      group.insert(group.end(), queries.begin(), queries.end());
    }
  }

  void add_sequence(const std::vector<std::int64_t>& queries, KeyRange keys, RaggedSequences& to) const {
    to.queries.insert(to.queries.end(), queries.begin(), queries.end());
    for (std::int64_t key = keys.first; key < keys.second; ++key)
      to.keys.push_back(key < tile_.past_rows ? first_past_ + key : tile_.keys[key - tile_.past_rows]);
    to.query_ends.push_back(static_cast<std::int32_t>(to.queries.size()));
    to.key_ends.push_back(static_cast<std::int32_t>(to.keys.size()));
  }

  const Attention& attention_;
  const Tile& tile_;
  const std::int64_t first_past_;
  Levels& levels_;
  std::vector<std::map<KeyRange, std::vector<std::int64_t>>> groups_;  // by level: queries that see the same keys
};

}  // namespace

Levels levels_of(const Attention& attention) {
  Levels levels;
  std::int64_t first_past = attention.live;
  for (const Tile& tile : attention.tiles) {
    TileLevels(attention, tile, first_past, levels).add();
    first_past += tile.past_rows;
  }
  return levels;
}

bool windows_cut(const Attention& attention) {
  return attention.window > 0 && std::any_of(attention.positions.begin(), attention.positions.begin() + attention.live,
                                             [&](std::int64_t position) { return position >= attention.window; });
}

}  // namespace tertium::aten
