#include "tertium/analysis/item_results.h"

#include <set>
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

ItemPatches patches_of(const TaskLanguage& of, const PatchTrials& at, const AnswersOfPair& pair) {
  ItemPatches patches{of, at.key, {}};
  const Answers& recipients = pair.at(direction_named(at.key.direction).recipient());
  for (const auto& [which, trial] : at.trials) {
    const auto& [control, layer, item, draw] = which;
    const Answer& clean = answer_to(recipients, item);
    const std::vector<double> scores = clean.compared(trial.scores);
    const std::size_t chosen = best_option(scores);
    patches.patches.push_back({.control = control,
                               .layer = layer,
                               .item = item,
                               .draw = draw,
                               .donor = trial.donor,
                               .chosen = chosen,
                               .margin = margin(scores, clean.gold),
                               .changed = (chosen == clean.gold) != clean.right()});
  }
  return patches;
}

}  // namespace

ItemResults item_results(const Store& store) {
  const RunInfo info = store.info();
  const std::vector<PatchRow> rows = store.patches();
  const Pivots pivots(info);
  const std::vector<LanguageAnswers> all = answers_of(store.scores());
  ItemResults results;
  for (const LanguageAnswers& of : all) {
    const std::string& name = pivots.of(of.task, of.language);
    const Answers* pivot = find_answers(all, of.task, of.protocol, name);
    if (!pivot) fail("the results hold no scores of {} in the pivot language {}", printable(of.task), printable(name));
    results.languages.push_back(items_of(info, name, of, *pivot));
    std::vector<const PatchRow*> patched;
    for (const PatchRow& row : rows)
      if (row.language == of.language && row.protocol == of.protocol && row.task == of.task) patched.push_back(&row);
    const AnswersOfPair pair{*pivot, of.answers};
    for (const PatchTrials& at : trials_of(patched, pair))
      results.patches.push_back(patches_of(results.languages.back().of, at, pair));
  }
  return results;
}

}  // namespace tertium
