#include "tertium/analysis/effects.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// One patched run.
struct Trial {
  std::string donor;
  std::vector<double> scores;  // [n_options], as stored
};

using Trials = std::map<std::tuple<std::string, int, std::string, int>, Trial>;  // control, block, item, draw

/// A mean over items of each one's share of its draws.
class ItemRate {
 public:
  void add(std::size_t hits, std::size_t draws) {
    if (draws == 0) return;
    hits_ += hits;
    n_ += draws;
    ++items_;
    shares_ += static_cast<double>(hits) / static_cast<double>(draws);
  }

  Rate rate() const {
    if (n_ == items_) return wilson(hits_, n_);
    return {shares_ / static_cast<double>(items_), kUnknown, kUnknown, hits_, n_};
  }

 private:
  std::size_t hits_ = 0, n_ = 0, items_ = 0;
  double shares_ = 0;
};

/// What is counted of one item's draws.
struct ItemCount {
  std::size_t draws = 0, changed = 0, copied = 0, may_copy = 0;
  double won = 0;  // margins: the patched less the clean, summed over draws
  double way = 0;  // the donor side's less the clean

  void add(const Direction& direction, const AnswersOfPair& pair, const std::string& item, const Trial& trial) {
    const Answers& answers = pair.at(direction.recipient());
    const Answer& clean = answer_to(answers, item);
    const std::vector<double> scores = clean.compared(trial.scores);
    const std::size_t answer = best_option(scores);
    // A donor of another category is not among these answers; whether it was copied stays open.
    const auto donor = answers.find(trial.donor);
    const std::size_t donor_gold = donor == answers.end() ? clean.gold : donor->second.gold;
    ++draws;
    changed += (answer == clean.gold) == direction.repairs();
    // Who answered so before copies nothing.
    const bool may = donor_gold != clean.gold && clean.chosen() != donor_gold;
    copied += may && answer == donor_gold;
    may_copy += may;
    won += margin(scores, clean.gold) - clean.margin();
    way = answer_to(pair.at(direction.donor), item).margin() - clean.margin();
  }
};

/// Of one control at one block.
using ItemCounts = std::map<std::string, ItemCount>;

/// A ratio of sums: shares of ways that are next to none would outweigh all others in a mean of ratios.
double recovery(const ItemCounts& counts, double noise_floor) {
  double won = 0, way = 0;
  for (const auto& [item, count] : counts) {
    won += count.won / static_cast<double>(count.draws);
    way += count.way;
  }
  const double noise = noise_floor * static_cast<double>(counts.size());
  return std::isfinite(won) && std::isfinite(way) && std::abs(way) > noise ? won / way : kUnknown;
}

Effect effect(const ItemCounts& counts, double noise_floor) {
  ItemRate changed, copied;
  for (const auto& [item, count] : counts) {
    changed.add(count.changed, count.draws);
    copied.add(count.copied, count.may_copy);
  }
  return {changed.rate(), copied.rate(), recovery(counts, noise_floor)};
}

/// Each with a score for every option of its item.
void demand_whole(const Trials& trials, const Answers& answers) {
  for (const auto& [key, trial] : trials) {
    const auto& [control, block, item, draw] = key;
    if (trial.scores.size() != answer_to(answers, item).scores.size())
      fail("patches: item \"{}\" has {} options under {} at block {}, but {} clean; the file is not as a run left it",
           printable(item), trial.scores.size(), printable(control), block, answer_to(answers, item).scores.size());
  }
}

PatchTable make_table(const PatchKey& key, const Trials& trials, const std::set<std::string>& asked,
                      const AnswersOfPair& pair, double noise_floor) {
  const Direction& direction = direction_named(key.direction);
  demand_whole(trials, pair.at(direction.recipient()));
  std::map<std::string, std::map<int, ItemCounts>> counts;  // by control, by block
  std::set<std::string> items;
  std::set<std::pair<std::string, std::string>> item_controls;
  for (const auto& [which, trial] : trials) {
    const auto& [control, block, item, draw] = which;
    if (transfer(answer_to(pair.pivot, item).right(), answer_to(pair.other, item).right()) != direction.pool) continue;
    counts[control][block][item].add(direction, pair, item, trial);
    items.insert(item);
    item_controls.emplace(item, control);
  }
  PatchTable table{.key = key, .items = items.size(), .effects = {}};
  for (const auto& [control, blocks] : counts)
    for (const auto& [block, count] : blocks) table.effects[control][block] = effect(count, noise_floor);
  for (const std::string& item : items)
    for (const std::string& control : asked) table.without_donor += !item_controls.contains({item, control});
  return table;
}

}  // namespace

double largest_self_change(const std::vector<const PatchRow*>& rows, const AnswersOfPair& pair) {
  double largest = -1;
  for (const PatchRow* row : rows) {
    if (row->control != "self") continue;
    const Answer& clean = answer_to(pair.at(direction_named(row->direction).recipient()), row->item);
    if (std::cmp_greater_equal(row->option, clean.scores.size())) continue;  // patch_tables refuses it
    const double change = std::abs(row->score - clean.scores[row->option]);
    largest = std::max(largest, change / clean.lengths[row->option].by(clean.rule));
  }
  return largest;
}

std::vector<PatchTable> patch_tables(const std::vector<const PatchRow*>& rows, const std::set<std::string>& asked,
                                     const AnswersOfPair& pair, double noise_floor) {
  std::vector<PatchKey> order;
  std::map<PatchKey, Trials> trials;
  for (const PatchRow* row : rows) {
    const PatchKey key{row->direction, row->site, row->position, row->head, row->window};
    const auto [at, is_new] = trials.try_emplace(key);
    if (is_new) order.push_back(key);
    Trial& trial = at->second[{row->control, row->layer, row->item, row->draw}];
    trial.donor = row->donor;
    add_option(trial.scores, *row);
  }
  std::vector<PatchTable> tables;
  for (const PatchKey& key : order) tables.push_back(make_table(key, trials.at(key), asked, pair, noise_floor));
  return tables;
}

}  // namespace tertium
