#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tertium/tasks/item.h"

namespace tertium {

/// Few-shot: which solved items stand before each asked one.
struct ShotsSpec {
  int count = 0;
  std::filesystem::path data;         // empty: the task's own
  std::string split;                  // empty: the task's own
  std::optional<std::uint64_t> seed;  // absent: the first in file order
  bool in_pivot = false;              // the examples are in the pivot's language, not in the item's
};

/// One language's pool of examples and the items that are asked.
struct ShotTexts {
  const std::vector<Item>& pool;
  const std::vector<Item>& items;
};

/// For each item the indices of its examples in the pool: the first `count` of one order, that of the file or a seeded
/// one, without the item itself; so all items but those few have the same examples. `languages` have parallel pools and
/// parallel items. `same_file` says that pool and items share their ids; an item that asks the same in any of the
/// languages (content_of) is never an example either way. `origin` names the pool in errors. Throws Error if the pool is
/// too small.
std::vector<std::vector<std::size_t>> choose_shots(const ShotsSpec& spec, const std::vector<ShotTexts>& languages,
                                                   bool same_file, const std::string& origin);

}  // namespace tertium
