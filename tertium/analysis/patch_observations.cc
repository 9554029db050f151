#include "tertium/analysis/patch_observations.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <tuple>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

/// What an item's answers give, whatever is patched.
struct Pooled {
  std::size_t index;  // among the pool's items
  const Answer* clean;
  double margin, way;
};

/// The items that a direction asks about in a language.
class Pool {
 public:
  Pool(const Direction& direction, const AnswersOfPair& pair)
      : direction_(direction),
        pair_(pair),
        answers_(pair.at(direction.recipient())),
        names_(std::make_shared<ItemNames>()) {
    for (const auto& [item, answer] : pair.other) {
      const auto in_pivot = pair.pivot.find(item);
      if (in_pivot == pair.pivot.end()) continue;
      if (transfer(in_pivot->second.right(), answer.right()) != direction.pool) continue;
      const Answer& clean = pair.at(direction.recipient()).at(item);
      const double margin = clean.margin();
      items_[item] = {names_->size(), &clean, margin, pair.at(direction.donor).at(item).margin() - margin};
      names_->push_back(item);
    }
  }

  const std::shared_ptr<ItemNames>& names() const { return names_; }

  /// Adds a trial of an item of the pool. Draws must come in their order, since sums of numbers depend on it.
  void add(const Trial& trial, ItemCounts& to) const {
    const auto found = items_.find(trial.item);
    if (found == items_.end()) {
      for (const Answers* answers : {&pair_.pivot, &pair_.other}) answer_to(*answers, trial.item);
      return;
    }
    const auto& [index, clean, clean_margin, way] = found->second;
    const std::vector<double> scores = clean->compared(trial.scores);
    const std::size_t answer = best_option(scores);
    // A donor of another category is not among these answers; whether it was copied stays open.
    const auto donor = answers_.find(trial.donor);
    const std::size_t donor_gold = donor == answers_.end() ? clean->gold : donor->second.gold;
    // Who answered so before copies nothing.
    const bool may = donor_gold != clean->gold && clean->chosen() != donor_gold;
    DrawCounts& counts = to.of(index);
    counts.changed += (answer == clean->gold) == direction_.repairs();
    counts.copied += may && answer == donor_gold;
    counts.may_copy += may;
    const double won = margin(scores, clean->gold) - clean_margin;
    const double before = counts.draws == 0 ? 0 : counts.won * static_cast<double>(counts.draws);
    ++counts.draws;
    counts.won = (before + won) / static_cast<double>(counts.draws);
    counts.way = way;
  }

 private:
  const Direction& direction_;
  const AnswersOfPair& pair_;
  const Answers& answers_;  // of the recipients
  std::shared_ptr<ItemNames> names_;
  std::map<std::string, Pooled> items_;
};

/// All that was patched of a language at one kind of place.
struct CountsOfKey {
  std::int64_t first = 0;                                    // the number of its first trial
  std::map<std::pair<std::string, int>, ItemCounts> counts;  // by control and block
};

double self_change(const Trial& trial, const Answers& answers) {
  const Answer& clean = answer_to(answers, trial.item);
  double largest = kUnknown;
  for (std::size_t option = 0; option < trial.scores.size(); ++option)
    largest = std::fmax(largest,
                        std::abs(trial.scores[option] - clean.scores[option]) / clean.lengths[option].by(clean.rule));
  return largest;
}

/// With a score for every option of its item.
void demand_whole(const Trial& trial, const Answers& answers) {
  const std::size_t options = answer_to(answers, trial.item).scores.size();
  if (trial.scores.size() != options)
    fail("patches: item \"{}\" has {} options under {} at block {}, but {} clean; the file is not as a run left it",
         printable(trial.item), trial.scores.size(), printable(trial.control), trial.layer, options);
}

bool belongs(const Trial& trial, const PatchRow& row) {
  return trial.item == row.item && trial.layer == row.layer && trial.draw == row.draw && trial.control == row.control &&
         trial.key.head == row.head && trial.key.window == row.window && trial.key.position == row.position &&
         trial.key.site == row.site && trial.key.direction == row.direction && trial.of.language == row.language &&
         trial.of.protocol == row.protocol && trial.of.task == row.task;
}

void begin(Trial& trial, const PatchRow& row, std::int64_t number) {
  trial.of.task = row.task, trial.of.protocol = row.protocol, trial.of.language = row.language;
  trial.key.direction = row.direction, trial.key.site = row.site, trial.key.position = row.position;
  trial.key.head = row.head, trial.key.window = row.window;
  trial.control = row.control, trial.draw = row.draw, trial.layer = row.layer;
  trial.item = row.item, trial.donor = row.donor;
  trial.scores.clear();
  trial.number = number;
}

}  // namespace

bool Trial::is_of_series(const Trial& other) const {
  return draw == other.draw && control == other.control && key == other.key && of == other.of;
}

std::map<TaskLanguage, AnswersOfPair> answer_pairs(const std::vector<LanguageAnswers>& all, const Pivots& pivots) {
  std::map<TaskLanguage, AnswersOfPair> pairs;
  for (const LanguageAnswers& of : all) {
    const std::string& name = pivots.of(of.task, of.language);
    const Answers* pivot = find_answers(all, of.task, of.protocol, name);
    if (!pivot) fail("the results hold no scores of {} in the pivot language {}", printable(of.task), printable(name));
    pairs.insert({{of.task, of.protocol, of.language}, {*pivot, of.answers}});
  }
  return pairs;
}

void each_trial(const Store& store, const std::map<TaskLanguage, AnswersOfPair>& pairs,
                const std::function<void(const Trial&)>& visit) {
  Trial trial;
  const Answers* recipients = nullptr;  // of the trial; null before the first
  const auto end = [&] {
    if (!recipients) return;
    demand_whole(trial, *recipients);
    visit(trial);
  };
  store.each_patch([&](const PatchRow& row, std::int64_t number) {
    if (!recipients || !belongs(trial, row)) {
      end();
      const auto pair = pairs.find({row.task, row.protocol, row.language});
      recipients = pair == pairs.end() ? nullptr : &pair->second.at(direction_named(row.direction).recipient());
      if (!recipients) return;
      begin(trial, row, number);
    }
    add_option(trial.scores, row);
    trial.number = std::min(trial.number, number);
  });
  end();
}

PatchesOfRun patches_of_run(const Store& store, const std::map<TaskLanguage, AnswersOfPair>& pairs) {
  std::map<std::pair<TaskLanguage, std::string>, Pool> pools;  // by direction
  std::map<TaskLanguage, std::map<PatchKey, CountsOfKey>> tables;
  PatchesOfRun run;
  std::optional<Trial> series;  // a trial of the one that is read
  const Pool* pool = nullptr;
  CountsOfKey* table = nullptr;
  std::map<int, ItemCounts*> blocks;  // of the series
  each_trial(store, pairs, [&](const Trial& trial) {
    const Direction& direction = direction_named(trial.key.direction);
    const AnswersOfPair& pair = pairs.at(trial.of);
    if (trial.control == "self")
      run.largest_self_change = std::fmax(run.largest_self_change, self_change(trial, pair.at(direction.recipient())));
    if (!series || !series->is_of_series(trial)) {
      series = trial;
      pool = &pools.try_emplace({trial.of, trial.key.direction}, direction, pair).first->second;
      table = &tables[trial.of].try_emplace(trial.key, CountsOfKey{trial.number, {}}).first->second;
      blocks.clear();
    }
    table->first = std::min(table->first, trial.number);
    ItemCounts*& counts = blocks[trial.layer];
    if (!counts) counts = &table->counts.try_emplace({trial.control, trial.layer}, pool->names()).first->second;
    pool->add(trial, *counts);
  });
  for (auto& [of, kinds] : tables) {
    std::vector<std::pair<const PatchKey*, CountsOfKey*>> order;
    for (auto& [key, one] : kinds) order.emplace_back(&key, &one);
    std::ranges::sort(order, {}, [](const auto& one) { return one.second->first; });
    for (const auto& [key, one] : order)
      for (auto& [where, counts] : one->counts)
        if (!counts.empty()) run.of[of].push_back({of, *key, where.second, where.first, std::move(counts)});
  }
  return run;
}

}  // namespace tertium
