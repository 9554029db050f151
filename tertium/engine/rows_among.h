#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace tertium {

// Whatever is wanted of packed rows, `.row` each, lies in the order of those rows.

/// Those of `all` whose rows are among the `count` from `first` on.
template <class T>
std::span<T> among(std::span<T> all, std::int64_t first, std::int64_t count) {
  const auto before = [](const T& each, std::int64_t row) { return each.row < row; };
  const auto begin = std::lower_bound(all.begin(), all.end(), first, before);
  return {begin, std::lower_bound(begin, all.end(), first + count, before)};
}

/// Their rows, counted from `first`, as an index.
template <class T>
at::Tensor index_of(std::span<T> some, std::int64_t first) {
  std::vector<std::int64_t> rows;
  for (const T& each : some) rows.push_back(each.row - first);
  return at::tensor(rows);
}

}  // namespace tertium
