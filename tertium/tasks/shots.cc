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

std::vector<std::string> contents_of(const std::vector<Item>& items) {
  std::vector<std::string> contents;
  for (const Item& item : items) contents.push_back(content_of(item));
  return contents;
}

/// Tells examples that are the asked item itself.
class Sameness {
 public:
  Sameness(const std::vector<ShotTexts>& languages, bool same_file) : languages_(languages), same_file_(same_file) {
    for (const ShotTexts& texts : languages) {
      pools_.push_back(contents_of(texts.pool));
      items_.push_back(contents_of(texts.items));
    }
  }

  bool operator()(std::size_t example, std::size_t item) const {
    const ShotTexts& first = languages_.front();
    if (same_file_ && first.pool[example].id == first.items[item].id) return true;
    for (std::size_t l = 0; l < pools_.size(); ++l)
      if (pools_[l][example] == items_[l][item]) return true;
    return false;
  }

 private:
  const std::vector<ShotTexts>& languages_;
  const bool same_file_;
  std::vector<std::vector<std::string>> pools_, items_;  // by language
};

}  // namespace

std::vector<std::vector<std::size_t>> choose_shots(const ShotsSpec& spec, const std::vector<ShotTexts>& languages,
                                                   bool same_file, const std::string& origin) {
  const std::vector<Item>& items = languages.front().items;
  const std::vector<std::size_t> order = order_of(spec, languages.front().pool);
  const Sameness same(languages, same_file);
  const auto count = static_cast<std::size_t>(spec.count);
  std::vector<std::vector<std::size_t>> chosen;
  for (std::size_t item = 0; item < items.size(); ++item) {
    std::vector<std::size_t>& shots = chosen.emplace_back();
    for (std::size_t i = 0; i < order.size() && shots.size() < count; ++i)
      if (!same(order[i], item)) shots.push_back(order[i]);
    if (shots.size() < count)
      fail(
          "{}: holds {} examples for item \"{}\" besides itself, but shots = {}; ask for fewer, or name a larger split",
          origin, shots.size(), printable(items[item].id), count);
  }
  return chosen;
}

}  // namespace tertium
