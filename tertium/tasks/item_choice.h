#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "tertium/tasks/item.h"

namespace tertium {

/// Which items of a file are asked, in the file's order.
struct ItemChoice {
  std::size_t offset = 0;            // so many are passed over first
  std::optional<std::size_t> limit;  // then so many are taken,
  std::optional<double> share;       // or this share of the whole file, rounded up
  std::vector<std::string> ids;      // these alone; empty: all

  bool operator==(const ItemChoice&) const = default;
};

/// The chosen of a file's items. Throws Error naming `origin` for an id that is not there, or if none is left.
std::vector<Item> chosen(const ItemChoice& choice, std::vector<Item> items, const std::string& origin);

}  // namespace tertium
