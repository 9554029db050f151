#include "tertium/tasks/shots.h"

#include <algorithm>
#include <numeric>

#include "tertium/base/error.h"
#include "tertium/base/hash.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

/// All of the pool, in the order in which examples are taken. A seeded order ranks each by a hash of its own, so that
/// an item added to the pool does not shuffle the others.
std::vector<std::size_t> order_of(const ShotsSpec& spec, const std::vector<Item>& pool) {
  std::vector<std::size_t> order(pool.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (!spec.seed) return order;
  std::vector<std::uint64_t> rank;
  for (const Item& item : pool) rank.push_back(stable_hash(*spec.seed, {"shots", item.id}));
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return rank[i]; });
  return order;
}

bool same_text(const Item& a, const Item& b) { return a.context == b.context && a.choices == b.choices; }

}  // namespace

std::vector<std::vector<std::size_t>> choose_shots(const ShotsSpec& spec, const std::vector<Item>& pool,
                                                   const std::vector<Item>& items, bool same_file,
                                                   const std::string& origin) {
  const std::vector<std::size_t> order = order_of(spec, pool);
  const auto count = static_cast<std::size_t>(spec.count);
  std::vector<std::vector<std::size_t>> chosen;
  for (const Item& item : items) {
    std::vector<std::size_t>& shots = chosen.emplace_back();
    for (std::size_t i = 0; i < order.size() && shots.size() < count; ++i) {
      const Item& example = pool[order[i]];
      if (!(same_file && example.id == item.id) && !same_text(example, item)) shots.push_back(order[i]);
    }
    if (shots.size() < count)
      fail(
          "{}: holds {} examples for item \"{}\" besides itself, but shots = {}; ask for fewer, or name a larger split",
          origin, shots.size(), printable(item.id), count);
  }
  return chosen;
}

}  // namespace tertium
