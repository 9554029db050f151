#include "tertium/analysis/changed_alignment.h"

#include "tertium/analysis/groups.h"
#include "tertium/analysis/paired.h"

namespace tertium {
namespace {

void add_value(ChangedAlignment& mean, double value, double change) {
  add_to_mean(mean.value, value, mean.draws);
  add_to_mean(mean.change, change, mean.draws);
  ++mean.draws;
}

}  // namespace

AlignmentChanges::AlignmentChanges(const std::vector<AlignmentRow>& clean) {
  for (const AlignmentRow& row : clean)
    if (row.stream == "resid") clean_[{row.task, row.language, row.metric, row.layer}][row.item] = row.value;
}

void AlignmentChanges::add(std::size_t place, const std::string& draw, const std::string& task,
                           const std::string& language, const std::string& item, const std::string& metric, int layer,
                           double value) {
  const auto at = clean_.find({task, language, metric, layer});
  if (at == clean_.end()) return;
  if (const auto clean = at->second.find(item); clean != at->second.end())
    add_value(draws_[{place, metric, item, draw}], value, value - clean->second);
}

void AlignmentChanges::add_draw(std::map<std::string, std::map<std::string, ChangedAlignment>>& aligned,
                                const OfDraw& of, const ChangedAlignment& draw) {
  const auto& [place, metric, item, name] = of;
  add_value(aligned[metric][item], draw.value, draw.change);
}

AlignmentEffect change_of(const std::map<std::string, ChangedAlignment>& aligned,
                          const std::map<std::string, ChangedAlignment>* main, const LanguageObservations& language,
                          Bootstrap& bootstrap) {
  PairedItems with_clean, with_main;
  for (const PairedAnswer& answer : language.answers) {
    const auto found = aligned.find(answer.item);
    if (found == aligned.end()) continue;
    const ChangedAlignment& own = found->second;
    with_clean.add(own.value, own.value - own.change, answer.unit, own.draws);
    if (!main) continue;
    if (const auto of_main = main->find(answer.item); of_main != main->end())
      with_main.add(of_main->second.change, own.change, answer.unit, own.draws);
  }
  AlignmentEffect change{.items = with_clean.first.size(), .draws = with_clean.draws};
  change.clean = mean(with_clean.second);
  change.changed = mean(with_clean.first);
  const PairedTest from_clean = with_clean.test(/*are_single=*/false, bootstrap);
  change.change = from_clean.difference;
  change.p = from_clean.p;
  if (!main) return change;
  const PairedTest from_main = with_main.test(/*are_single=*/false, bootstrap);
  change.difference = from_main.difference;
  change.p = from_main.p;
  return change;
}

}  // namespace tertium
