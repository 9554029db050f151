#include "tertium/cli/print_summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tertium/analysis/summary.h"
#include "tertium/patching/direction.h"

namespace tertium {
namespace {

constexpr std::size_t kAcross = 100;     // characters; wider tables are cut into several
constexpr std::size_t kFirstColumn = 7;  // "  layer"

std::string percent(double share) { return std::isnan(share) ? "–" : fmt::format("{:.0f}", 100 * share); }

/// Right-aligned in `width` columns; every character used in cells is one column wide.
std::string cell(const std::string& text, std::size_t width) { return fmt::format("{:>{}}", text, width); }

/// Where an option's score is a sum, what its length would make of it.
void print_accuracies_by_rule(const TaskSummary& task) {
  if (task.languages.empty() || task.languages.front().by_rule.empty()) return;
  fmt::print("  By rule (acc: the sum; acc_norm: by character; acc_bytes: by byte), %\n");
  for (const LanguageSummary& language : task.languages) {
    fmt::print("  {:<12}", language.language);
    for (const auto& [rule, rate] : language.by_rule) fmt::print("  {} {:.1f}", rule, 100 * rate.value);
    fmt::print("\n");
  }
}

void print_accuracy(const TaskSummary& task) {
  if (!task.languages.empty() && !task.languages.front().by_rule.empty())
    fmt::print("\nRight is what {} takes for right\n", task.rule);
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
  print_accuracies_by_rule(task);
  for (const LanguageSummary& language : task.languages)
    if (language.identical_options > 0 && language.language != task.pivot)
      fmt::print("  {}: {} more with two options of one text, in none of these\n", language.language,
                 language.identical_options);
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
        const TransferMeans& means = language->alignment.at(metric);
        fmt::print("{} |{}", cell(percent(means.ts.at(layer)), kCell + 1), cell(percent(means.tf.at(layer)), kCell));
      }
      fmt::print("\n");
    }
  }
}

/// Of all that was patched, as first stored in any language.
std::vector<PatchKey> patch_keys(const TaskSummary& task) {
  std::vector<PatchKey> keys;
  for (const LanguageSummary& language : task.languages)
    for (const PatchTable& table : language.patches)
      if (std::find(keys.begin(), keys.end(), table.key) == keys.end()) keys.push_back(table.key);
  return keys;
}

const PatchTable* table_at(const LanguageSummary& language, const PatchKey& key) {
  for (const PatchTable& table : language.patches)
    if (table.key == key) return &table;
  return nullptr;
}

const Effect* effect_at(const PatchTable* table, const std::string& control, int block) {
  if (!table || !table->effects.contains(control)) return nullptr;
  const std::map<int, Effect>& blocks = table->effects.at(control);
  return blocks.contains(block) ? &blocks.at(block) : nullptr;
}

std::vector<std::string> control_names(const TaskSummary& task, const PatchKey& key) {
  std::set<std::string> names;
  for (const LanguageSummary& language : task.languages)
    if (const PatchTable* table = table_at(language, key))
      for (const auto& [control, blocks] : table->effects) names.insert(control);
  std::vector<std::string> ordered;
  for (const char* first : {"main", "same_gold", "self"})
    if (names.erase(first)) ordered.emplace_back(first);
  ordered.insert(ordered.end(), names.begin(), names.end());
  return ordered;
}

/// "fix: TF items that turn right when resid_post of a block is replaced at last"
std::string claim(const TaskSummary& task, const PatchKey& key) {
  const Direction& direction = direction_named(key.direction);
  const std::string answered = direction.recipient() == Side::pivot ? " in " + task.pivot : "";
  const std::string site = key.head < 0 ? key.site : fmt::format("{} of head {}", key.site, key.head);
  return fmt::format("{}: {} items that turn {}{} when {} of {} is replaced at {}", direction.name,
                     to_string(direction.pool), direction.repairs() ? "right" : "wrong", answered, site,
                     key.window == 1 ? "a block" : fmt::format("{} blocks from this one on", key.window), key.position);
}

/// The control that main is held against: same_gold, else the first that draws.
std::string reference_control(const PatchTable& table) {
  for (const char* control : {"same_gold", "other_gold", "random", "same_language"})
    if (table.effects.contains(control)) return control;
  return "";
}

/// Where main exceeds a control by most.
struct Largest {
  int block = 0;
  double effect = 0;  // a difference of rates
};

Largest largest_effect(const PatchTable& table, const std::string& control) {
  Largest best;
  for (const auto& [block, main] : table.effects.at("main"))
    if (const Effect* other = effect_at(&table, control, block))
      if (const double effect = main.changed.value - other->changed.value; effect > best.effect) best = {block, effect};
  return best;
}

void print_largest_effect(const std::string& name, const PatchTable& table) {
  const std::string control = reference_control(table);
  if (control.empty() || !table.effects.contains("main")) return;
  const auto [block, effect] = largest_effect(table, control);
  if (effect == 0) return fmt::print("  {:<12} at no block\n", name);
  const Effect& main = table.effects.at("main").at(block);
  const std::string recovered =
      std::isnan(main.recovery) ? "" : fmt::format("; main recovers {} % of the margin", percent(main.recovery));
  fmt::print("  {:<12} block {:>2}: main {} % [{}, {}], {} {} %, difference {:+.0f} points{}\n", name, block,
             percent(main.changed.value), percent(main.changed.low), percent(main.changed.high), control,
             percent(table.effects.at(control).at(block).changed.value), 100 * effect, recovered);
}

/// One language's rates at a block, a cell a control: " 12 |  4 |  0".
std::string effect_cells(const PatchTable* table, const std::vector<std::string>& controls, int block) {
  constexpr std::size_t kCell = 3;
  std::string cells;
  for (const std::string& control : controls) {
    const Effect* effect = effect_at(table, control, block);
    cells += (cells.empty() ? "" : " |") + cell(effect ? percent(effect->changed.value) : "–", kCell);
  }
  return cells;
}

void print_table(const TaskSummary& task, const PatchKey& key) {
  const std::vector<std::string> controls = control_names(task, key);
  fmt::print("\n{}, %: {}\n", claim(task, key), fmt::join(controls, " | "));
  const std::size_t width = std::max<std::size_t>(5 * controls.size() + 1, 16);  // "zho_Hans (n=12)" fits
  for (const auto& page : pages(task, width)) {
    std::set<int> blocks;
    fmt::print("  block");
    for (const LanguageSummary* language : page) {
      const PatchTable* table = table_at(*language, key);
      fmt::print("{}", cell(fmt::format("{} (n={})", language->language, table ? table->items : 0), width));
      if (table && table->effects.contains("main"))
        for (const auto& [block, effect] : table->effects.at("main")) blocks.insert(block);
    }
    fmt::print("\n");
    for (const int block : blocks) {
      fmt::print("  {:>5}", block);
      for (const LanguageSummary* language : page)
        fmt::print("{}", cell(effect_cells(table_at(*language, key), controls, block), width));
      fmt::print("\n");
    }
  }
}

/// What tables of changes do not show: where to look, copies, and items without a donor.
void print_remarks(const TaskSummary& task, const PatchKey& key) {
  fmt::print("\nWhere main exceeds its control by most (picked on these items: a place to look, not a test)\n");
  for (const LanguageSummary& language : task.languages) {
    const PatchTable* table = table_at(language, key);
    if (!table) continue;
    print_largest_effect(language.language, *table);
    if (table->effects.contains("other_gold")) {
      std::size_t copied = 0, n = 0;
      for (const auto& [block, effect] : table->effects.at("other_gold"))
        copied += effect.copied.hits, n += effect.copied.n;
      if (n > 0)
        fmt::print("  {:<12} with other_gold {} of {} answers turn to the donor's gold\n", language.language, copied,
                   n);
    }
    if (table->without_donor > 0)
      fmt::print("  {}: {} times a control had no donor (too few items fit)\n", language.language,
                 table->without_donor);
  }
}

/// Where there are many places, a line for each of those where main exceeds its control by most.
void print_many(const TaskSummary& task, const std::vector<PatchKey>& all) {
  constexpr std::size_t kShown = 12;
  fmt::print("\n{} places patched; those where main exceeds its control by most (picked on these items)\n", all.size());
  for (const LanguageSummary& language : task.languages) {
    std::vector<const PatchTable*> tables;
    for (const PatchTable& table : language.patches)
      if (table.effects.contains("main") && !reference_control(table).empty()) tables.push_back(&table);
    const auto size = [](const PatchTable* table) { return largest_effect(*table, reference_control(*table)).effect; };
    std::stable_sort(tables.begin(), tables.end(), [&](auto a, auto b) { return size(a) > size(b); });
    tables.resize(std::min(tables.size(), kShown));
    for (const PatchTable* table : tables) {
      const PatchKey& key = table->key;
      fmt::print("  {} {} {}{} at {} (n={})\n  ", language.language, key.direction, key.site,
                 key.head < 0 ? "" : fmt::format(" head {}", key.head), key.position, table->items);
      print_largest_effect("", *table);
    }
  }
}

void print_patches(const TaskSummary& task) {
  constexpr std::size_t kMostTables = 4;
  const std::vector<PatchKey> all = patch_keys(task);
  if (all.size() > kMostTables) return print_many(task, all);
  for (const PatchKey& key : all) {
    print_table(task, key);
    print_remarks(task, key);
  }
}

void print_noise_floor(const TaskSummary& task) {
  if (task.noise_floor < 0) return;
  std::size_t changes = 0;
  for (const LanguageSummary& language : task.languages)
    for (const PatchTable& table : language.patches)
      if (table.effects.contains("self"))
        for (const auto& [block, effect] : table.effects.at("self")) changes += effect.changed.hits;
  fmt::print("\nNoise floor: patched with themselves, items flip {} times and their scores move by at most {:.2g}\n",
             changes, task.noise_floor);
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
    print_patches(task);
    print_noise_floor(task);
  }
}

}  // namespace tertium
