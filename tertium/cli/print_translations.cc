#include "tertium/cli/print_translations.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "tertium/analysis/results.h"
#include "tertium/base/text.h"
#include "tertium/cli/analysis_parts.h"
#include "tertium/cli/wrapped.h"

namespace tertium {
namespace {

std::string range(const Estimate& estimate, int digits) {
  return std::isnan(estimate.low)
             ? ""
             : fmt::format("[{}, {}]", number(estimate.low, digits), number(estimate.high, digits));
}

/// "deu_Latn 97, eng_Latn 3".
std::string languages_text(const std::map<std::string, std::size_t>& languages) {
  std::vector<std::pair<std::string, std::size_t>> all(languages.begin(), languages.end());
  std::ranges::stable_sort(all, std::greater(), &std::pair<std::string, std::size_t>::second);
  std::vector<std::string> words;
  for (const auto& [language, count] : all) words.push_back(fmt::format("{} {}", printable(language), count));
  return join(words);
}

std::vector<std::string> targets_of(const Analysis& analysis) {
  std::vector<std::string> targets;
  for (const TranslationResult& row : analysis.translation.translations)
    if (std::ranges::find(targets, row.target) == targets.end()) targets.push_back(row.target);
  return targets;
}

void print_quality(const Analysis& analysis, const std::string& target) {
  fmt::print("\n── translate, into {}{} ──\n\n{}\n", printable(target),
             analysis.pivot.empty() ? "" : ", pivot " + printable(analysis.pivot),
             wrapped("Log-probability of the reference by token, and chrF++ [95 %], chrF and BLEU of greedy texts, all "
                     "sentences together; texts that are empty, that end in repetition, that are the source itself"));
  fmt::print("  {:<11}{:>5}{:>8}{:>7} {:<13}{:>6}{:>6}{:>7}{:>7}{:>6}\n", "from", "n", "log p", "chrF++", "", "chrF",
             "BLEU", "empty", "repeat", "same");
  for (const TranslationResult& row : analysis.translation.translations) {
    if (row.target != target) continue;
    fmt::print("  {:<11}{:>5}{:>8}{:>7} {:<13}{:>6}{:>6}{:>7}{:>7}{:>6}\n", printable(row.language), row.n,
               number(row.per_token), number(row.chrfpp.value, 1), range(row.chrfpp, 1), number(row.chrf.value, 1),
               number(row.bleu.value, 1), row.empty, row.repeated, row.untranslated);
  }
  for (const TranslationResult& row : analysis.translation.translations)
    if (row.target == target && !row.languages_out.empty())
      fmt::print(
          "{}\n",
          wrapped(fmt::format("  {} comes out in: {}", printable(row.language), languages_text(row.languages_out)), 4));
  for (const TranslationResult& row : analysis.translation.translations)
    if (row.target == target && !std::isnan(row.success) && !row.is_pivot)
      fmt::print("  {}: chrF++ from {} on counts as right: TS {}, TF {}, FS {}, FF {}\n", printable(row.language),
                 row.success, row.ts, row.tf, row.fs, row.ff);
}

void print_alignment(const Analysis& analysis, const std::string& target, bool all) {
  // Of each language, metric and quality the layer where it is largest, or every one.
  std::map<std::tuple<std::string, std::string, std::string>, const TranslationAlignmentResult*> best;
  std::vector<const TranslationAlignmentResult*> rows;
  for (const TranslationAlignmentResult& row : analysis.translation.alignment) {
    if (row.target != target || std::isnan(row.spearman.value)) continue;
    const TranslationAlignmentResult*& known = best[{row.language, row.metric, row.quality}];
    if (!known || row.spearman.value > known->spearman.value) known = &row;
    rows.push_back(&row);
  }
  if (rows.empty()) return;
  fmt::print("\n{}\n", wrapped(fmt::format(
                           "Are sentences translated better whose source is nearer to the pivot's? Spearman [95 %] by "
                           "sentence{}",
                           all ? ", by stream index (norm: after the final norm)"
                               : ", where it is largest; the interval does not know of that choice: --all has every "
                                 "layer")));
  fmt::print("  {:<12}{:<9}{:<10}{:>6}{:>7} {:<16}{:>5}\n", "from", "metric", "quality", "layer", "rho", "", "n");
  const auto print = [](const TranslationAlignmentResult& row) {
    fmt::print("  {:<12}{:<9}{:<10}{:>6}{:>7} {:<16}{:>5}\n", printable(row.language), row.metric, row.quality,
               row.stream == "resid" ? std::to_string(row.layer) : "norm", number(row.spearman.value),
               range(row.spearman, 2), row.spearman.n);
  };
  if (all)
    for (const TranslationAlignmentResult* row : rows) print(*row);
  else
    for (const auto& [key, row] : best) print(*row);
}

/// Changes by block, a column a control.
void print_patches(const Analysis& analysis, const std::string& target, bool all) {
  using Table = std::tuple<std::string, std::string, std::string>;  // language, site, position
  std::vector<Table> order;
  std::map<Table, std::map<int, std::map<std::string, const TranslationPatchResult*>>> tables;
  std::map<Table, std::vector<std::string>> controls;
  for (const TranslationPatchResult& row : analysis.translation.patches) {
    if (row.target != target) continue;
    const Table table{row.language, row.site, row.position};
    if (!tables.contains(table)) order.push_back(table);
    tables[table][row.layer][row.control] = &row;
    std::vector<std::string>& known = controls[table];
    if (std::ranges::find(known, row.control) == known.end()) known.push_back(row.control);
  }
  for (const Table& table : order) {
    const auto& [language, site, position] = table;
    fmt::print("\n{}\n",
               wrapped(fmt::format("{}: change of the reference's log-probability when {} of a block is replaced, "
                                   "position {}, mean over sentences; p: the largest that main differs from a control "
                                   "by chance (Holm)",
                                   printable(language), printable(site), printable(position))));
    fmt::print("  block {:>9} {:<16}", "main", "[95 %]");
    for (const std::string& control : controls.at(table))
      if (control != kMain) fmt::print("{:>12}", printable(control).substr(0, 11));
    fmt::print("{:>7}\n", "p");
    // In the picture only blocks where main stands out most.
    std::vector<std::pair<double, int>> ranked;
    for (const auto& [block, by_control] : tables.at(table))
      if (const auto main = by_control.find(kMain); main != by_control.end())
        ranked.emplace_back(-main->second->change.value, block);
    std::ranges::sort(ranked);
    constexpr std::size_t kShown = 5;
    for (const auto& [block, by_control] : tables.at(table)) {
      const auto main = by_control.find(kMain);
      if (main == by_control.end()) continue;
      const auto place = std::ranges::find(ranked, block, &std::pair<double, int>::second) - ranked.begin();
      if (!all && static_cast<std::size_t>(place) >= kShown) continue;
      fmt::print("  {:>5} {:>9} {:<16}", block, number(main->second->change.value, 2), range(main->second->change, 1));
      double largest = kUnknown;
      for (const std::string& control : controls.at(table)) {
        if (control == kMain) continue;
        const auto found = by_control.find(control);
        fmt::print("{:>12}", found == by_control.end() ? "–" : number(found->second->change.value, 2));
        if (found != by_control.end()) largest = std::fmax(largest, found->second->p_holm);
      }
      fmt::print("{:>7}\n", p_text(largest));
    }
    if (!all && ranked.size() > kShown) fmt::print("  the {} blocks where main gains most; --all shows all\n", kShown);
    for (const auto& [block, by_control] : tables.at(table))
      for (const auto& [control, row] : by_control)
        if (row->texts > 0)
          fmt::print("{}\n",
                     wrapped(fmt::format("  texts at block {}, {}: chrF++ {} (without {}), n {}; in: {}", block,
                                         printable(control), number(row->chrfpp, 1), number(row->chrfpp_clean, 1),
                                         row->texts, languages_text(row->languages_out)),
                             4));
  }
}

}  // namespace

void print_translations(const Analysis& analysis, bool all) {
  for (const std::string& target : targets_of(analysis)) {
    print_quality(analysis, target);
    print_alignment(analysis, target, all);
    print_patches(analysis, target, all);
  }
}

}  // namespace tertium
