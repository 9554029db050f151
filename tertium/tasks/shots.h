#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tertium/tasks/item.h"

namespace tertium {

/// How lm-evaluation-harness (0.4.13) chooses a benchmark's examples, as the benchmark's own definition there says.
enum class LmEvalShots {
  drawn,          // k drawn for each item; where pool and items are one file, k + 1, of which the item itself goes
  drawn_besides,  // k + 1 drawn, of which the item itself goes, wherever the pool comes from
  drawn_blindly,  // k drawn, the item itself perhaps among them
  first,          // the first k of the file besides the item itself
};

/// Few-shot: which solved items stand before each asked one.
struct ShotsSpec {
  int count = 0;
  std::filesystem::path data;          // empty: the task's own
  std::string split;                   // empty: the task's own
  std::optional<std::uint64_t> seed;   // absent: the first in file order
  std::optional<LmEvalShots> lm_eval;  // present: as lm-evaluation-harness chooses, whatever the seed
  bool in_pivot = false;               // the examples are in the pivot's language, not in the item's
};

/// One language's pool of examples and the items that are asked.
struct ShotTexts {
  const std::vector<Item>& pool;
  const std::vector<Item>& items;
};

/// For each item the indices of its examples in the pool: the first `count` of one order, that of the file or a seeded
/// one, without the item itself; so all items but those few have the same examples. `languages` have parallel pools and
/// parallel items. `same_file` says that pool and items share their ids; an item that asks the same in any of the
/// languages (content_of) is never an example either way. `origin` names the pool in errors. Throws Error if the pool
/// is too small. As lm-evaluation-harness chooses, every item has examples of its own, drawn by Python's generator with
/// seed 1234 in one stream over the items in order, and the item itself is what has the same fields in the pivot's
/// file.
std::vector<std::vector<std::size_t>> choose_shots(const ShotsSpec& spec, const std::vector<ShotTexts>& languages,
                                                   bool same_file, const std::string& origin);

}  // namespace tertium
