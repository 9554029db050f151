#include "tertium/analysis/observations.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <set>
#include <sstream>

#include "tertium/analysis/ablation_results.h"
#include "tertium/analysis/answers.h"
#include "tertium/analysis/lens_results.h"
#include "tertium/analysis/patch_observations.h"
#include "tertium/analysis/pivots.h"
#include "tertium/analysis/repair_results.h"
#include "tertium/analysis/translation_results.h"
#include "tertium/analysis/undecided.h"
#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

/// All rows of a results folder.
struct StoredRows {
  RunInfo info;
  std::vector<ItemRow> items;
  std::vector<ScoreRow> scores;
  std::vector<AlignmentRow> alignment;
};

/// Only right or wrong is known there, so a difference of scores is no margin.
bool has_margins(const LanguageAnswers& of) { return of.protocol != kOnlyCorrect; }

using Units = std::map<std::pair<std::string, std::string>, std::string>;  // by task and item

Units units_of(const std::vector<ItemRow>& items) {
  Units units;
  for (const ItemRow& row : items)
    if (!row.unit.empty()) units[{row.task, row.item}] = row.unit;
  return units;
}

void read_info(const RunInfo& info, Observations& observations) {
  for (const auto& [key, value] : info) {
    if (key == "dtype") observations.dtype = value;
    if (key.starts_with(kSentences))
      observations.sentences[key.substr(std::string_view(kSentences).size())] =
          static_cast<std::size_t>(std::max(0L, std::atol(value.c_str())));
  }
}

void read_success(const RunInfo& info, TranslationObservations& translations) {
  constexpr std::string_view kKey = "translation ", kValue = "success ";
  for (const auto& [key, value] : info)
    if (key.starts_with(kKey) && value.starts_with(kValue))
      translations.success[key.substr(kKey.size())] = std::strtod(value.c_str() + kValue.size(), nullptr);
}

std::map<std::string, int> tokens_of(const std::vector<ScoreRow>& scores, const LanguageAnswers& of) {
  std::map<std::string, int> tokens;
  for (const ScoreRow& row : scores)
    if (row.language == of.language && row.protocol == of.protocol && row.task == of.task)
      tokens[row.item] += row.tokens;
  return tokens;
}

void count_by_rule(const LanguageAnswers& of, LanguageObservations& language) {
  if (!of.protocol.starts_with(to_string(Protocol::loglik))) return;
  language.rule = accuracy_name(score_rule_of(of.protocol));
  for (const ScoreRule rule : {ScoreRule::sum, ScoreRule::per_character, ScoreRule::per_byte})
    for (const auto& [item, answer] : of.answers)
      language.by_rule[std::string(accuracy_name(rule))] += answer.right_by(rule);
}

LanguageObservations paired(const StoredRows& rows, const Units& units, const std::string& pivot,
                            const LanguageAnswers& of, const Answers& pivot_answers) {
  std::set<std::string> undecided;
  for (const std::string& either : {pivot, of.language})
    undecided.merge(undecided_items(rows.info, of.task, of.protocol, either));
  const std::map<std::string, int> tokens = tokens_of(rows.scores, of);
  LanguageObservations language{{of.task, of.protocol, of.language}, of.language == pivot, {}, {}, {}};
  count_by_rule(of, language);
  for (const auto& [item, answer] : of.answers) {
    const Answer& in_pivot = answer_to(pivot_answers, item);
    const auto unit = units.find({of.task, item});
    language.answers.push_back({.item = item,
                                .unit = unit == units.end() ? item : unit->second,
                                .pivot_right = in_pivot.right(),
                                .right = answer.right(),
                                .undecided = undecided.contains(item),
                                .pivot_margin = has_margins(of) ? in_pivot.margin() : kUnknown,
                                .margin = has_margins(of) ? answer.margin() : kUnknown,
                                .tokens = tokens.at(item),
                                .options = has_margins(of) ? answer.scores.size() : 0});
  }
  return language;
}

/// Rows of one layer lie one behind the other or with rows of other layers between them.
void add_alignment(const std::vector<AlignmentRow>& rows, Observations& observations) {
  std::map<std::tuple<std::string, std::string, std::string, std::string, int>, std::size_t> places;
  for (const AlignmentRow& row : rows) {
    if (row.task == kTranslate) continue;  // of source sentences, which nobody answers
    const auto [place, is_new] =
        places.insert({{row.task, row.language, row.metric, row.stream, row.layer}, observations.alignment.size()});
    if (is_new) observations.alignment.push_back({row.task, row.language, row.metric, row.stream, row.layer, {}});
    observations.alignment[place->second].values[row.item] = row.value;
  }
}

void demand_answered(const Observations& observations) {
  for (const AlignmentObservations& at : observations.alignment) {
    bool is_known = false;
    for (const LanguageObservations& language : observations.languages)
      is_known |= language.of.task == at.task && language.of.language == at.language;
    if (!is_known)
      fail("alignment: no scores of {} {}; are the results whole?", printable(at.task), printable(at.language));
  }
}

}  // namespace

std::vector<std::string> stored_controls(const RunInfo& info) {
  for (const auto& [key, value] : info)
    if (std::istringstream names(value); key == "controls") return {std::istream_iterator<std::string>(names), {}};
  return {};
}

Observations observations_of(const Store& store) {
  const StoredRows rows{store.info(), store.items(), store.scores(), store.alignment()};
  Observations observations;
  read_info(rows.info, observations);
  observations.controls = stored_controls(rows.info);
  const Units units = units_of(rows.items);
  const Pivots pivots(rows.info);
  observations.pivot = pivots.common();
  const std::vector<LanguageAnswers> all = answers_of(rows.scores);
  const std::map<TaskLanguage, AnswersOfPair> pairs = answer_pairs(all, pivots);
  PatchesOfRun patches = patches_of_run(store, pairs);
  observations.noise_floor = patches.largest_self_change;
  for (const LanguageAnswers& of : all) {
    const TaskLanguage named{of.task, of.protocol, of.language};
    observations.languages.push_back(paired(rows, units, pivots.of(of.task, of.language), of, pairs.at(named).pivot));
    std::ranges::move(patches.of[named], std::back_inserter(observations.patches));
  }
  observations.lens = lens_observations(store.lens(), all);
  const std::vector<AblatedAlignmentRow> changed = store.ablated_alignment();
  observations.ablations = ablation_observations(store.ablations(), changed, rows.alignment, all);
  observations.repairs = repair_observations(
      store.repairs(), changed, rows.alignment, all,
      [&](const std::string& task, const std::string& language) { return pivots.of(task, language); });
  observations.corpora = store.corpora();
  observations.translations = translation_observations(store.generations(), store.texts(), rows.alignment);
  read_success(rows.info, observations.translations);
  add_alignment(rows.alignment, observations);
  demand_answered(observations);
  return observations;
}

Observations observations_of(const Observations& all,
                             const std::function<bool(const std::string& task, const std::string& item)>& is_wanted) {
  Observations some = all;
  for (LanguageObservations& language : some.languages)
    std::erase_if(language.answers, [&](const PairedAnswer& one) { return !is_wanted(language.of.task, one.item); });
  for (AlignmentObservations& at : some.alignment)
    std::erase_if(at.values, [&](const auto& value) { return !is_wanted(at.task, value.first); });
  for (PatchObservations& at : some.patches)
    at.items.keep([&](const std::string& item) { return is_wanted(at.of.task, item); });
  for (LensObservations& at : some.lens)
    std::erase_if(at.items, [&](const auto& sight) { return !is_wanted(at.of.task, sight.first); });
  for (AblationObservations& at : some.ablations) {
    std::erase_if(at.items, [&](const auto& one) { return !is_wanted(at.of.task, one.first); });
    for (auto& [metric, values] : at.aligned)
      std::erase_if(values, [&](const auto& one) { return !is_wanted(at.of.task, one.first); });
  }
  std::erase_if(some.ablations, [](const AblationObservations& at) { return at.items.empty(); });
  std::erase_if(some.languages, [](const LanguageObservations& language) { return language.answers.empty(); });
  std::erase_if(some.alignment, [](const AlignmentObservations& at) { return at.values.empty(); });
  for (RepairObservations& at : some.repairs) {
    std::erase_if(at.right, [&](const auto& one) { return !is_wanted(at.of.task, one.first); });
    for (auto& [metric, values] : at.aligned)
      std::erase_if(values, [&](const auto& one) { return !is_wanted(at.of.task, one.first); });
  }
  std::erase_if(some.repairs, [](const RepairObservations& at) { return at.right.empty(); });
  std::erase_if(some.lens, [](const LensObservations& at) { return at.items.empty(); });
  std::erase_if(some.patches, [](const PatchObservations& at) { return at.items.empty(); });
  return some;
}

const LanguageObservations* find(const Observations& observations, const TaskLanguage& of) {
  const auto found =
      std::ranges::find_if(observations.languages, [&](const LanguageObservations& one) { return one.of == of; });
  return found == observations.languages.end() ? nullptr : &*found;
}

std::map<std::string, std::string> units_of(const Observations& observations, const TaskLanguage& of) {
  std::map<std::string, std::string> units;
  if (const LanguageObservations* language = find(observations, of))
    for (const PairedAnswer& answer : language->answers) units[answer.item] = answer.unit;
  return units;
}

}  // namespace tertium
