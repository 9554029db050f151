#include "tertium/training/batches.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "tertium/base/hash.h"

namespace tertium {
namespace {

/// 0 … n - 1 ordered by hashes of a seed, so that no generator has a state to keep.
std::vector<std::size_t> shuffled(std::size_t n, std::uint64_t seed) {
  std::vector<std::pair<std::uint64_t, std::size_t>> keyed(n);
  for (std::size_t i = 0; i < n; ++i) keyed[i] = {stable_hash(seed, {std::to_string(i)}), i};
  std::ranges::sort(keyed);
  std::vector<std::size_t> order(n);
  std::ranges::transform(keyed, order.begin(), [](const auto& entry) { return entry.second; });
  return order;
}

}  // namespace

BatchOrder::BatchOrder(std::vector<std::size_t> counts, std::size_t size, std::uint64_t seed)
    : counts_(std::move(counts)), size_(size), seed_(seed) {
  for (const std::size_t count : counts_) in_round_ += std::max<std::size_t>(1, count / size_);
}

BatchOrder::Batch BatchOrder::at(std::size_t n) const {
  const std::uint64_t round = stable_hash(seed_, {"round", std::to_string(n / in_round_)});
  std::size_t place = shuffled(in_round_, round)[n % in_round_], group = 0;
  const auto batches = [&](std::size_t g) { return std::max<std::size_t>(1, counts_[g] / size_); };
  while (place >= batches(group)) place -= batches(group++);
  const std::vector<std::size_t> order = shuffled(counts_[group], stable_hash(round, {"group", std::to_string(group)}));
  const std::size_t first = place * size_, end = std::min(first + size_, counts_[group]);
  return {group, {order.begin() + static_cast<std::ptrdiff_t>(first), order.begin() + static_cast<std::ptrdiff_t>(end)}};
}

std::vector<std::size_t> derangement(std::size_t n, std::uint64_t seed) {
  // Everyone takes the place of the next one in a shuffled circle.
  const std::vector<std::size_t> circle = shuffled(n, seed);
  std::vector<std::size_t> moved(n);
  for (std::size_t i = 0; i < n; ++i) moved[circle[i]] = circle[(i + 1) % n];
  return moved;
}

}  // namespace tertium
