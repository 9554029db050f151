#include "tertium/analysis/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "tertium/analysis/families.h"
#include "tertium/analysis/flip_changes.h"
#include "tertium/analysis/groups.h"
#include "tertium/analysis/paired.h"
#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

/// Values of the items that both have.
struct Pairs {
  std::vector<std::string> items, units;
  std::vector<double> first, second;
};

template <class Counts>
Pairs pairs(const LanguageObservations& first, const LanguageObservations& second, const Counts& counts) {
  std::map<std::string, const PairedAnswer*> others;
  for (const PairedAnswer& answer : second.answers)
    if (counts(answer)) others[answer.item] = &answer;
  Pairs both;
  for (const PairedAnswer& answer : first.answers) {
    if (!counts(answer) || !others.contains(answer.item)) continue;
    both.items.push_back(answer.item);
    both.units.push_back(answer.unit);
    both.first.push_back(answer.right);
    both.second.push_back(others.at(answer.item)->right);
  }
  return both;
}

/// What AnswerChange and TransferChange say of the second less the first.
template <class Change>
void test_pairs(const Pairs& both, Bootstrap& bootstrap, Change& change) {
  const PairedTest test = paired_test(both.second, both.first, both.units, /*are_single=*/true, bootstrap);
  change.units = test.units;
  change.difference = test.difference;
  change.p = test.p;
  change.detectable = test.detectable;
}

void compare_answers(const NamedObservations& first, const NamedObservations& second, Bootstrap& bootstrap,
                     Comparison& comparison) {
  bool any = false;
  for (const LanguageObservations& language : first.observations.languages) {
    const LanguageObservations* other = find(second.observations, language.of);
    if (!other) continue;
    const Pairs both = pairs(language, *other, [](const PairedAnswer&) { return true; });
    if (both.items.empty()) continue;
    any = true;
    AnswerChange change{.first = first.name, .second = second.name, .of = language.of, .n = both.items.size()};
    change.first_accuracy = mean(both.first);
    change.second_accuracy = mean(both.second);
    test_pairs(both, bootstrap, change);
    for (std::size_t i = 0; i < both.items.size(); ++i) {
      if (both.first[i] == both.second[i]) continue;
      const bool won = both.second[i] > both.first[i];
      ++(won ? change.won : change.lost);
      comparison.items.push_back({first.name, second.name, language.of, both.items[i], won});
    }
    comparison.answers.push_back(std::move(change));
  }
  if (!any)
    fail("{} and {} have no item of one task, protocol and language in common; compare runs of the same tasks",
         first.name, second.name);
}

/// What both answer right in the pivot, and neither leaves undecided.
void compare_transfer(const NamedObservations& first, const NamedObservations& second, Bootstrap& bootstrap,
                      Comparison& comparison) {
  for (const LanguageObservations& language : first.observations.languages) {
    const LanguageObservations* other = find(second.observations, language.of);
    if (!other || language.is_pivot) continue;
    const Pairs both =
        pairs(language, *other, [](const PairedAnswer& answer) { return answer.pivot_right && !answer.undecided; });
    if (both.items.empty()) continue;
    TransferChange change{.first = first.name, .second = second.name, .of = language.of, .n = both.items.size()};
    for (std::size_t i = 0; i < both.items.size(); ++i) {
      change.first_ts += both.first[i] > 0;
      change.second_ts += both.second[i] > 0;
      change.mended += both.second[i] > both.first[i];
      change.broken += both.second[i] < both.first[i];
    }
    test_pairs(both, bootstrap, change);
    comparison.transfer.push_back(std::move(change));
  }
}

Pairs pairs(const AlignmentObservations& first, const AlignmentObservations& second,
            const std::map<std::string, std::string>& units) {
  Pairs both;
  for (const auto& [item, value] : first.values) {
    const auto other = second.values.find(item);
    if (other == second.values.end()) continue;
    both.items.push_back(item);
    both.units.push_back(units.contains(item) ? units.at(item) : item);
    both.first.push_back(value);
    both.second.push_back(other->second);
  }
  return both;
}

/// The layer whose share of the depth is nearest.
const AlignmentObservations* at_depth(const std::vector<const AlignmentObservations*>& layers, double depth) {
  const double last = layers.back()->layer;
  return *std::ranges::min_element(
      layers, {}, [&](const AlignmentObservations* at) { return last > 0 ? std::abs(at->layer / last - depth) : 0; });
}

/// By task and language, since alignment has no protocol.
std::map<std::pair<std::string, std::string>, std::map<std::string, std::string>> units_of(
    const Observations& observations) {
  std::map<std::pair<std::string, std::string>, std::map<std::string, std::string>> units;
  for (const LanguageObservations& language : observations.languages)
    for (const PairedAnswer& answer : language.answers)
      units[{language.of.task, language.of.language}][answer.item] = answer.unit;
  return units;
}

void compare_alignment(const NamedObservations& first, const NamedObservations& second, Bootstrap& bootstrap,
                       Comparison& comparison) {
  std::set<std::string> real = real_metrics(first.observations);
  real.merge(real_metrics(second.observations));
  for (const auto& [of, units] : units_of(first.observations)) {
    const auto& [task, language] = of;
    for (const std::string& metric : metrics_of(first.observations, task, language)) {
      const auto layers = stream_layers(first.observations, task, language, metric);
      const auto others = stream_layers(second.observations, task, language, metric);
      if (layers.empty() || others.empty()) continue;
      for (const AlignmentObservations* at : layers) {
        const double depth = layers.back()->layer > 0 ? static_cast<double>(at->layer) / layers.back()->layer : 0;
        const AlignmentObservations* other = at_depth(others, depth);
        const Pairs both = pairs(*at, *other, units);
        if (both.items.empty()) continue;
        const PairedTest test =
            paired_test(both.second, both.first, both.units, /*are_single=*/!real.contains(metric), bootstrap);
        comparison.alignment.push_back({.first = first.name,
                                        .second = second.name,
                                        .task = task,
                                        .language = language,
                                        .metric = metric,
                                        .first_layer = at->layer,
                                        .second_layer = other->layer,
                                        .depth = depth,
                                        .n = both.items.size(),
                                        .first_mean = mean(both.first),
                                        .second_mean = mean(both.second),
                                        .difference = test.difference,
                                        .p = test.p});
      }
    }
  }
}

std::string points(double value) { return fmt::format("{:+.1f}", 100 * value); }

void tell(const Comparison& comparison, std::vector<std::string>& out) {
  for (const AnswerChange& change : comparison.answers) {
    const std::string verdict = change.p_holm < 0.05 ? "the difference remains after Holm"
                                                     : fmt::format(
                                                           "no difference remains after Holm; {} points could "
                                                           "be told",
                                                           points(change.detectable));
    out.push_back(fmt::format(
        "{}, {}, {}: {} right under {}, {} under {} ({} points [{}, {}], {} won, {} lost of {}): "
        "{} over {}.",
        printable(change.of.task), printable(change.of.protocol), printable(change.of.language),
        fmt::format("{:.1f} %", 100 * change.first_accuracy), change.first,
        fmt::format("{:.1f} %", 100 * change.second_accuracy), change.second, points(change.difference.value),
        points(change.difference.low), points(change.difference.high), change.won, change.lost, change.n, verdict,
        change.family == 1 ? "1 test" : fmt::format("{} tests", change.family)));
  }
  for (const TransferChange& change : comparison.transfer)
    out.push_back(fmt::format(
        "{}, {}, {}: of {} items that the pivot has right under both, {} transfer failures of {} succeed under {}, and "
        "{} successes fail (adjusted p {:.3f}).",
        printable(change.of.task), printable(change.of.protocol), printable(change.of.language), change.n,
        change.mended, change.n - change.first_ts, change.second, change.broken, change.p_holm));
}

}  // namespace

Comparison compare(const std::vector<NamedObservations>& all, std::uint64_t seed) {
  Comparison comparison;
  Bootstrap bootstrap({.seed = seed});
  for (std::size_t i = 1; i < all.size(); ++i) {
    compare_answers(all[0], all[i], bootstrap, comparison);
    compare_transfer(all[0], all[i], bootstrap, comparison);
    compare_alignment(all[0], all[i], bootstrap, comparison);
    for (FlipChange& change : flip_changes(all[0], all[i], bootstrap)) comparison.flips.push_back(std::move(change));
  }
  correct(
      comparison.answers,
      [](const AnswerChange& one) { return std::tuple(one.first, one.second, one.of.task, one.of.protocol); },
      &AnswerChange::p, holm, &AnswerChange::p_holm, &AnswerChange::family);
  correct(
      comparison.transfer,
      [](const TransferChange& one) { return std::tuple(one.first, one.second, one.of.task, one.of.protocol); },
      &TransferChange::p, holm, &TransferChange::p_holm, &TransferChange::family);
  correct(
      comparison.alignment,
      [](const AlignmentChange& one) { return std::tuple(one.first, one.second, one.task, one.metric); },
      &AlignmentChange::p, benjamini_hochberg, &AlignmentChange::p_bh, &AlignmentChange::family);
  correct(
      comparison.flips,
      [](const FlipChange& one) { return std::tuple(one.first, one.second, one.of.task, one.of.protocol, one.key); },
      &FlipChange::p, benjamini_hochberg, &FlipChange::p_bh, &FlipChange::family);
  tell(comparison, comparison.conclusions);
  tell_flips(comparison.flips, comparison.conclusions);
  return comparison;
}

}  // namespace tertium
