#include "tertium/analysis/item_results.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "tertium/analysis/patch_observations.h"
#include "tertium/analysis/pivots.h"
#include "tertium/analysis/undecided.h"
#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

LanguageItems items_of(const RunInfo& info, const std::string& pivot, const LanguageAnswers& of,
                       const Answers& in_pivot) {
  LanguageItems items{{of.task, of.protocol, of.language}, pivot, of.protocol != kOnlyCorrect, {}};
  std::set<std::string> undecided;
  for (const std::string& either : {pivot, of.language})
    undecided.merge(undecided_items(info, of.task, of.protocol, either));
  for (const auto& [item, answer] : of.answers) {
    ItemAnswer& one = items.answers.emplace_back(ItemAnswer{item, answer, {}});
    if (of.language != pivot && !undecided.contains(item))
      one.transfer = transfer(answer_to(in_pivot, item).right(), answer.right());
  }
  return items;
}

/// All that was patched of a language at one kind of place.
struct PatchedPlace {
  std::int64_t first = 0;                                                // the number of its first trial
  std::map<std::pair<std::string, int>, std::vector<ItemPatch>> groups;  // by control and block
};
using PatchedPlaces = std::map<TaskLanguage, std::map<PatchKey, PatchedPlace>>;

/// The n-th of the trials counts as the n-th of a mean.
void add_to_mean(ItemPatch& mean, const ItemPatch& one) {
  mean.margin += (one.margin - mean.margin) / (mean.draws + 1);
  ++mean.draws;
  mean.changed += one.changed;
}

/// Keeps trials one by one, and means over draws as soon as they are too many.
class PatchCollector {
 public:
  PatchCollector(std::size_t most, std::set<std::string>& names) : most_(most), names_(&names) {}

  PatchDetail detail() const { return detail_; }

  void add(const Trial& trial, const Answer& clean) {
    if (detail_ == PatchDetail::draws && count_++ == most_) fold();
    PatchedPlace& place = places_[trial.of].try_emplace(trial.key, PatchedPlace{trial.number, {}}).first->second;
    place.first = std::min(place.first, trial.number);
    const std::vector<double> scores = clean.compared(trial.scores);
    const std::size_t chosen = best_option(scores);
    const ItemPatch one{.item = name(trial.item),
                        .donor = name(trial.donor),
                        .draw = trial.draw,
                        .changed = (chosen == clean.gold) != clean.right(),
                        .chosen = static_cast<int>(chosen),
                        .margin = margin(scores, clean.gold)};
    std::vector<ItemPatch>& group = place.groups[{trial.control, trial.layer}];
    if (detail_ == PatchDetail::draws)
      group.push_back(one);
    else
      add_mean(group, one);
  }

  void move_to(std::vector<ItemPatches>& patches, const TaskLanguage& of) {
    std::vector<std::pair<const PatchKey*, PatchedPlace*>> order;
    for (auto& [key, place] : places_[of]) order.emplace_back(&key, &place);
    std::ranges::sort(order, {}, [](const auto& one) { return one.second->first; });
    for (const auto& [key, place] : order) {
      ItemPatches& at = patches.emplace_back(ItemPatches{of, *key, {}});
      for (auto& [which, group] : place->groups) {
        std::ranges::sort(group, {}, [](const ItemPatch& one) { return std::tie(*one.item, one.draw); });
        at.groups.push_back({which.first, which.second, std::move(group)});
      }
    }
  }

 private:
  const std::string* name(const std::string& text) { return &*names_->insert(text).first; }

  void add_mean(std::vector<ItemPatch>& group, ItemPatch one) {
    const auto [mean, is_new] = means_[&group].try_emplace(one.item, group.size());
    if (!is_new) return add_to_mean(group[mean->second], one);
    one.donor = nullptr, one.draw = 0, one.chosen = -1;
    group.push_back(one);
  }

  void fold() {
    detail_ = PatchDetail::means;
    for (auto& [of, places] : places_)
      for (auto& [key, place] : places)
        for (auto& [which, group] : place.groups)
          for (const ItemPatch& one : std::exchange(group, {})) add_mean(group, one);
  }

  const std::size_t most_;
  std::size_t count_ = 0;
  PatchDetail detail_ = PatchDetail::draws;
  std::set<std::string>* names_;
  PatchedPlaces places_;
  std::map<const std::vector<ItemPatch>*, std::map<const std::string*, std::size_t>> means_;  // where an item's lies
};

std::size_t count_patches(const ItemPatches& at, bool main_alone) {
  std::size_t all = 0;
  for (const ItemPatchGroup& group : at.groups)
    if (!main_alone || group.control == kMain) all += group.patches.size();
  return all;
}

/// Leaves out what is too much of means.
void shorten(ItemResults& results, std::size_t most) {
  const auto total = [&](bool main_alone) {
    std::size_t all = 0;
    for (const ItemPatches& at : results.patches) all += count_patches(at, main_alone);
    return all;
  };
  if (total(false) <= most) return;
  results.detail = total(true) <= most ? PatchDetail::main : PatchDetail::none;
  if (results.detail == PatchDetail::none) results.patches.clear();
  for (ItemPatches& at : results.patches)
    std::erase_if(at.groups, [](const ItemPatchGroup& group) { return group.control != kMain; });
}

}  // namespace

std::string_view to_string(PatchDetail detail) {
  constexpr std::string_view kNames[] = {"draws", "means", "main", "none"};
  return kNames[static_cast<int>(detail)];
}

ItemResults item_results(const Store& store, const ItemLimits& limits) {
  const RunInfo info = store.info();
  const Pivots pivots(info);
  const std::vector<LanguageAnswers> all = answers_of(store.scores());
  const std::map<TaskLanguage, AnswersOfPair> pairs = answer_pairs(all, pivots);
  ItemResults results;
  PatchCollector collector(limits.draws, results.names);
  each_trial(store, pairs, [&](const Trial& trial) {
    const Answers& recipients = pairs.at(trial.of).at(direction_named(trial.key.direction).recipient());
    collector.add(trial, answer_to(recipients, trial.item));
  });
  results.detail = collector.detail();
  for (const LanguageAnswers& of : all) {
    const std::string& pivot = pivots.of(of.task, of.language);
    const TaskLanguage named{of.task, of.protocol, of.language};
    results.languages.push_back(items_of(info, pivot, of, pairs.at(named).pivot));
    collector.move_to(results.patches, named);
  }
  if (results.detail == PatchDetail::means) shorten(results, limits.means);
  return results;
}

}  // namespace tertium
