#include "tertium/tasks/shots.h"

#include <algorithm>
#include <numeric>

#include "tertium/base/error.h"
#include "tertium/base/hash.h"
#include "tertium/base/text.h"
#include "tertium/tasks/python_random.h"

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

[[noreturn]] void fail_too_few(const std::string& origin, std::size_t examples, const Item& item, std::size_t count) {
  fail("{}: holds {} examples for item \"{}\" besides itself, but shots = {}; ask for fewer, or name a larger split",
       origin, examples, printable(item.id), count);
}

/// lm-evaluation-harness's samplers (lm_eval/api/samplers.py of 0.4.13).
class LmEvalSampler {
 public:
  LmEvalSampler(LmEvalShots how, std::size_t count, const std::vector<Item>& pool, bool same_file)
      : first_(how == LmEvalShots::first),
        leaves_item_out_(how != LmEvalShots::drawn_blindly && (how != LmEvalShots::drawn || same_file)),
        count_(count),
        pool_(pool) {}

  /// Fewer than asked for if there are no more.
  std::vector<std::size_t> next(const Item& item) {
    if (first_) return cut(without(item, all()));
    const std::size_t drawn = count_ + (leaves_item_out_ ? 1 : 0);
    if (drawn > pool_.size()) return leaves_item_out_ ? without(item, all()) : all();
    std::vector<std::size_t> shots = random_.sample(pool_.size(), drawn);
    if (!leaves_item_out_) return shots;
    shots = cut(without(item, std::move(shots)));
    if (shots.size() == count_) return shots;
    const std::vector<std::size_t> others = without(item, all());  // the pool holds the item several times
    if (others.size() < count_) return others;
    for (std::size_t& shot : shots = random_.sample(others.size(), count_)) shot = others[shot];
    return shots;
  }

 private:
  static bool is_same(const Item& a, const Item& b) {
    return a.fields == b.fields && a.choices == b.choices && a.gold == b.gold;
  }

  std::vector<std::size_t> all() const {
    std::vector<std::size_t> all(pool_.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    return all;
  }

  std::vector<std::size_t> without(const Item& item, std::vector<std::size_t> shots) const {
    std::erase_if(shots, [&](std::size_t shot) { return is_same(pool_[shot], item); });
    return shots;
  }

  std::vector<std::size_t> cut(std::vector<std::size_t> shots) const {
    shots.resize(std::min(shots.size(), count_));
    return shots;
  }

  static constexpr std::uint32_t kSeed = 1234;
  const bool first_, leaves_item_out_;
  const std::size_t count_;
  const std::vector<Item>& pool_;
  PythonRandom random_{kSeed};
};

std::vector<std::vector<std::size_t>> choose_as_lm_eval(const ShotsSpec& spec, const ShotTexts& texts, bool same_file,
                                                        const std::string& origin) {
  const auto count = static_cast<std::size_t>(spec.count);
  LmEvalSampler sampler(*spec.lm_eval, count, texts.pool, same_file);
  std::vector<std::vector<std::size_t>> chosen;
  for (const Item& item : texts.items) {
    chosen.push_back(sampler.next(item));
    if (chosen.back().size() < count) fail_too_few(origin, chosen.back().size(), item, count);
  }
  return chosen;
}

}  // namespace

std::vector<std::vector<std::size_t>> choose_shots(const ShotsSpec& spec, const std::vector<ShotTexts>& languages,
                                                   bool same_file, const std::string& origin) {
  if (spec.lm_eval) return choose_as_lm_eval(spec, languages.front(), same_file, origin);
  const std::vector<Item>& items = languages.front().items;
  const std::vector<std::size_t> order = order_of(spec, languages.front().pool);
  const Sameness same(languages, same_file);
  const auto count = static_cast<std::size_t>(spec.count);
  std::vector<std::vector<std::size_t>> chosen;
  for (std::size_t item = 0; item < items.size(); ++item) {
    std::vector<std::size_t>& shots = chosen.emplace_back();
    for (std::size_t i = 0; i < order.size() && shots.size() < count; ++i)
      if (!same(order[i], item)) shots.push_back(order[i]);
    if (shots.size() < count) fail_too_few(origin, shots.size(), items[item], count);
  }
  return chosen;
}

}  // namespace tertium
