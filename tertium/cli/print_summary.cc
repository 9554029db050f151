#include "tertium/cli/print_summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace tertium {
namespace {

constexpr std::size_t kAcross = 100;     // characters; wider tables are cut into several
constexpr std::size_t kFirstColumn = 7;  // "  layer"

std::string percent(double share) { return std::isnan(share) ? "–" : fmt::format("{:.0f}", 100 * share); }

/// Right-aligned in `width` columns; every character used in cells is one column wide.
std::string cell(const std::string& text, std::size_t width) { return fmt::format("{:>{}}", text, width); }

void print_accuracy(const TaskSummary& task) {
  fmt::print("\nAccuracy [95 %]; items right in {0} and here (TS), in {0} only (TF), here only (FS), in neither (FF)\n",
             task.pivot);
  fmt::print("  {:<12}{:>9}  {:<16}{:>5}{:>5}{:>5}{:>5}\n", "language", "accuracy", "", "TS", "TF", "FS", "FF");
  for (const LanguageSummary& language : task.languages) {
    const Rate& rate = language.accuracy;
    fmt::print("  {:<12}{:>7.1f} %  [{:.1f}, {:.1f}]", language.language, 100 * rate.value, 100 * rate.low,
               100 * rate.high);
    if (language.language == task.pivot)
      fmt::print("     (pivot)\n");
    else
      fmt::print("    {:>5}{:>5}{:>5}{:>5}\n", language.ts, language.tf, language.fs, language.ff);
  }
}

/// The other languages, as many as fit side by side when each takes `width` characters.
std::vector<std::vector<const LanguageSummary*>> pages(const TaskSummary& task, std::size_t width) {
  const std::size_t most = std::max<std::size_t>(1, (kAcross - kFirstColumn) / width);
  std::vector<std::vector<const LanguageSummary*>> pages;
  for (const LanguageSummary& language : task.languages) {
    if (language.language == task.pivot) continue;
    if (pages.empty() || pages.back().size() == most) pages.emplace_back();
    pages.back().push_back(&language);
  }
  return pages;
}

std::string layer_name(std::size_t index, std::size_t count) {
  return index + 1 == count ? "norm" : std::to_string(index);
}

void print_alignment(const TaskSummary& task, const std::string& metric) {
  constexpr std::size_t kCell = 5;
  const std::size_t width = 2 * kCell + 3;
  fmt::print("\n{} by stream index (norm: behind the final norm), mean over TS | TF items, %\n", metric);
  for (const auto& page : pages(task, width)) {
    std::size_t layers = 0;
    fmt::print("  layer");
    for (const LanguageSummary* language : page) {
      fmt::print("{}", cell(language->language, width));
      if (language->alignment.contains(metric)) layers = std::max(layers, language->alignment.at(metric).ts.size());
    }
    fmt::print("\n");
    for (std::size_t layer = 0; layer < layers; ++layer) {
      fmt::print("  {}", cell(layer_name(layer, layers), 5));
      for (const LanguageSummary* language : page) {
        const LanguageSummary::Means& means = language->alignment.at(metric);
        fmt::print("{} |{}", cell(percent(means.ts.at(layer)), kCell + 1), cell(percent(means.tf.at(layer)), kCell));
      }
      fmt::print("\n");
    }
  }
}

std::vector<std::string> control_names(const TaskSummary& task) {
  std::set<std::string> names;
  for (const LanguageSummary& language : task.languages)
    for (const auto& [control, blocks] : language.flips) names.insert(control);
  std::vector<std::string> ordered;
  for (const char* first : {"main", "same_gold", "self"})
    if (names.erase(first)) ordered.emplace_back(first);
  ordered.insert(ordered.end(), names.begin(), names.end());
  return ordered;
}

/// Where main beats same_gold by most: the block to look at first, not a test.
void print_largest_effect(const LanguageSummary& language) {
  if (!language.flips.contains("main") || !language.flips.contains("same_gold")) return;
  const std::vector<Rate>&main = language.flips.at("main"), &control = language.flips.at("same_gold");
  std::size_t best = 0;
  const auto effect = [&](std::size_t b) { return main[b].value - control[b].value; };
  for (std::size_t b = 1; b < std::min(main.size(), control.size()); ++b)
    if (effect(b) > effect(best)) best = b;
  if (!(effect(best) > 0)) return fmt::print("  {:<12} at no block\n", language.language);
  fmt::print("  {:<12} block {:>2}: main {} % [{}, {}], same_gold {} %, difference {:+.0f} points\n", language.language,
             best, percent(main[best].value), percent(main[best].low), percent(main[best].high),
             percent(control[best].value), 100 * effect(best));
}

/// One language's rates at a block, a cell a control: " 12 |  4 |  0".
std::string flip_cells(const LanguageSummary& language, const std::vector<std::string>& controls, std::size_t block) {
  constexpr std::size_t kCell = 3;
  std::string cells;
  for (const std::string& control : controls) {
    const auto found = language.flips.find(control);
    const bool there = found != language.flips.end() && block < found->second.size();
    cells += (cells.empty() ? "" : " |") + cell(there ? percent(found->second[block].value) : "–", kCell);
  }
  return cells;
}

void print_flips(const TaskSummary& task) {
  const std::vector<std::string> controls = control_names(task);
  if (controls.empty()) return;
  fmt::print("\nTF items that turn right when resid_post of a block is replaced at the last token, %: {}\n",
             fmt::join(controls, " | "));
  const std::size_t width = std::max<std::size_t>(5 * controls.size() + 1, 16);  // "zho_Hans (n=12)" fits
  for (const auto& page : pages(task, width)) {
    std::size_t blocks = 0;
    fmt::print("  block");
    for (const LanguageSummary* language : page) {
      fmt::print("{}", cell(fmt::format("{} (n={})", language->language, language->patched), width));
      if (language->flips.contains("main")) blocks = std::max(blocks, language->flips.at("main").size());
    }
    fmt::print("\n");
    for (std::size_t block = 0; block < blocks; ++block) {
      fmt::print("  {:>5}", block);
      for (const LanguageSummary* language : page)
        fmt::print("{}", cell(flip_cells(*language, controls, block), width));
      fmt::print("\n");
    }
  }
  fmt::print("\nWhere main exceeds same_gold by most (picked on these items: a place to look, not a test)\n");
  for (const LanguageSummary& language : task.languages) print_largest_effect(language);
  for (const LanguageSummary& language : task.languages)
    if (language.without_donor > 0)
      fmt::print("  {}: {} times a control had no donor (too few TF items with that gold position)\n",
                 language.language, language.without_donor);
}

void print_noise_floor(const TaskSummary& task) {
  if (task.noise_floor < 0) return;
  std::size_t flips = 0;
  for (const LanguageSummary& language : task.languages)
    if (language.flips.contains("self"))
      for (const Rate& rate : language.flips.at("self")) flips += rate.hits;
  fmt::print("\nNoise floor: patched with themselves, items flip {} times and their scores move by at most {:.2g}\n",
             flips, task.noise_floor);
}

}  // namespace

void print_summary(const std::vector<TaskSummary>& tasks) {
  for (const TaskSummary& task : tasks) {
    fmt::print("\n── {}, {}: {} items, pivot {} ──\n", task.task, task.protocol, task.items, task.pivot);
    print_accuracy(task);
    std::set<std::string> metrics;
    for (const LanguageSummary& language : task.languages)
      for (const auto& [metric, means] : language.alignment) metrics.insert(metric);
    for (const char* shown : {"dali", "mexat"})
      if (metrics.contains(shown)) print_alignment(task, shown);
    print_flips(task);
    print_noise_floor(task);
  }
}

}  // namespace tertium
