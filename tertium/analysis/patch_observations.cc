#include "tertium/analysis/patch_observations.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

void add(DrawCounts& counts, const Direction& direction, const AnswersOfPair& pair, const std::string& item,
         const Trial& trial) {
  const Answers& answers = pair.at(direction.recipient());
  const Answer& clean = answer_to(answers, item);
  const std::vector<double> scores = clean.compared(trial.scores);
  const std::size_t answer = best_option(scores);
  // A donor of another category is not among these answers; whether it was copied stays open.
  const auto donor = answers.find(trial.donor);
  const std::size_t donor_gold = donor == answers.end() ? clean.gold : donor->second.gold;
  // Who answered so before copies nothing.
  const bool may = donor_gold != clean.gold && clean.chosen() != donor_gold;
  counts.changed += (answer == clean.gold) == direction.repairs();
  counts.copied += may && answer == donor_gold;
  counts.may_copy += may;
  const double won = margin(scores, clean.gold) - clean.margin();
  const double before = counts.draws == 0 ? 0 : counts.won * static_cast<double>(counts.draws);
  ++counts.draws;
  counts.won = (before + won) / static_cast<double>(counts.draws);
  counts.way = answer_to(pair.at(direction.donor), item).margin() - clean.margin();
}

/// Each with a score for every option of its item.
void demand_whole(const PatchTrials& at, const Answers& answers) {
  for (const auto& [key, trial] : at.trials) {
    const auto& [control, block, item, draw] = key;
    if (trial.scores.size() != answer_to(answers, item).scores.size())
      fail("patches: item \"{}\" has {} options under {} at block {}, but {} clean; the file is not as a run left it",
           printable(item), trial.scores.size(), printable(control), block, answer_to(answers, item).scores.size());
  }
}

void add_table(const TaskLanguage& of, const PatchTrials& at, const AnswersOfPair& pair,
               std::vector<PatchObservations>& all) {
  const auto& [key, trials] = at;
  const Direction& direction = direction_named(key.direction);
  for (const auto& [which, trial] : trials) {
    const auto& [control, block, item, draw] = which;
    if (transfer(answer_to(pair.pivot, item).right(), answer_to(pair.other, item).right()) != direction.pool) continue;
    // Trials are in the order of control, block and item.
    if (all.empty() || all.back().of != of || all.back().key != key || all.back().control != control ||
        all.back().layer != block)
      all.push_back({of, key, block, control, {}});
    add(all.back().items[item], direction, pair, item, trial);
  }
}

}  // namespace

double largest_self_change(const std::vector<const PatchRow*>& rows, const AnswersOfPair& pair) {
  double largest = kUnknown;
  for (const PatchRow* row : rows) {
    if (row->control != "self") continue;
    const Answer& clean = answer_to(pair.at(direction_named(row->direction).recipient()), row->item);
    if (std::cmp_greater_equal(row->option, clean.scores.size())) continue;  // patch_observations refuses it
    const double change = std::abs(row->score - clean.scores[row->option]);
    largest = std::fmax(largest, change / clean.lengths[row->option].by(clean.rule));
  }
  return largest;
}

std::vector<PatchTrials> trials_of(const std::vector<const PatchRow*>& rows, const AnswersOfPair& pair) {
  std::vector<PatchTrials> all;
  std::map<PatchKey, std::size_t> places;
  for (const PatchRow* row : rows) {
    const PatchKey key{row->direction, row->site, row->position, row->head, row->window};
    const auto [place, is_new] = places.insert({key, all.size()});
    if (is_new) all.push_back({key, {}});
    Trial& trial = all[place->second].trials[{row->control, row->layer, row->item, row->draw}];
    trial.donor = row->donor;
    add_option(trial.scores, *row);
  }
  for (const PatchTrials& at : all) demand_whole(at, pair.at(direction_named(at.key.direction).recipient()));
  return all;
}

std::vector<PatchObservations> patch_observations(const TaskLanguage& of, const std::vector<const PatchRow*>& rows,
                                                  const AnswersOfPair& pair) {
  std::vector<PatchObservations> all;
  for (const PatchTrials& at : trials_of(rows, pair)) add_table(of, at, pair, all);
  return all;
}

}  // namespace tertium
