#include "tertium/cli/analysis_parts.h"

#include <fmt/format.h>

#include <algorithm>

#include "tertium/analysis/chance.h"
#include "tertium/base/text.h"
#include "tertium/cli/wrapped.h"

namespace tertium {

std::string percent(double share) { return std::isnan(share) ? "–" : fmt::format("{:.0f}", 100 * share); }
std::string number(double value, int digits) { return std::isnan(value) ? "–" : fmt::format("{:.{}f}", value, digits); }
std::string p_text(double p) { return std::isnan(p) ? "–" : p < 0.0005 ? "<.001" : fmt::format("{:.3f}", p); }

std::string cell(const std::string& text, std::size_t width) { return fmt::format("{:>{}}", text, width); }

std::vector<Part> parts_of(const Analysis& analysis) {
  std::vector<Part> parts;
  for (const LanguageResult& language : analysis.languages) {
    auto part = std::ranges::find_if(parts, [&](const Part& one) { return one.has(language.of); });
    if (part == parts.end()) part = parts.insert(parts.end(), {language.of.task, language.of.protocol, {}});
    part->languages.push_back(&language);
  }
  return parts;
}

std::vector<std::vector<std::string>> pages(const std::vector<std::string>& languages, std::size_t width) {
  constexpr std::size_t kAcross = 80;      // characters
  constexpr std::size_t kFirstColumn = 7;  // "  layer"
  const std::size_t most = std::max<std::size_t>(1, (kAcross - kFirstColumn) / width);
  std::vector<std::vector<std::string>> pages;
  for (const std::string& language : languages) {
    if (pages.empty() || pages.back().size() == most) pages.emplace_back();
    pages.back().push_back(language);
  }
  return pages;
}

std::vector<PatchTable> patch_tables(const Analysis& analysis, const Part& part) {
  std::vector<PatchTable> tables;
  for (const FlipResult* flip : part.of(analysis.flips)) {
    auto table = std::ranges::find_if(tables, [&](const PatchTable& one) { return one.key == flip->key; });
    if (table == tables.end()) table = tables.insert(tables.end(), {flip->key, {}, {}});
    if (std::ranges::find(table->controls, flip->control) == table->controls.end())
      table->controls.push_back(flip->control);
    table->blocks[flip->layer][flip->of.language][flip->control] = flip;
  }
  return tables;
}

const FlipResult* flip_at(const PatchTable& table, int block, const std::string& language, const std::string& control) {
  const auto& by_language = table.blocks.at(block);
  if (!by_language.contains(language) || !by_language.at(language).contains(control)) return nullptr;
  return by_language.at(language).at(control);
}

std::size_t items_of(const PatchTable& table, const std::string& language) {
  std::size_t items = 0;
  for (const auto& [block, by_language] : table.blocks)
    if (const FlipResult* main = flip_at(table, block, language, kMain)) items = std::max(items, main->items);
  return items;
}

std::string claim(const Analysis& analysis, const PatchKey& key) {
  const Direction& direction = direction_named(key.direction);
  const std::string answered = direction.recipient() == Side::pivot ? " in " + printable(analysis.pivot) : "";
  const std::string site = key.head < 0 ? key.site : fmt::format("{} of head {}", key.site, key.head);
  return fmt::format("{}: % of {} items that turn {}{} when {} of {} is replaced, position {}", direction.name,
                     to_string(direction.pool), direction.repairs() ? "right" : "wrong", answered, site,
                     key.window == 1 ? "a block" : fmt::format("{} blocks from this one on", key.window), key.position);
}

std::string pivot_name(const Analysis& analysis) {
  return analysis.pivot.empty() ? "the pivot" : printable(analysis.pivot);
}

std::string chance_text(double chance) {
  return std::isnan(chance) ? "" : fmt::format(" (chance {:.2g} %)", 100 * chance);
}

std::string aligned_heading(const Analysis& analysis, const Part& part, const ShownMetric& metric,
                            const std::string& between) {
  const LanguageResult& first = *part.languages.front();
  return fmt::format("{}: % of items aligned with {}, TS{}TF{}", metric.title, pivot_name(analysis), between,
                     chance_text(chance_level(metric.name, first.options, first.n)));
}

void print_heading(const Analysis& analysis, const Part& part) {
  fmt::print("\n── {}, {}: {} items{} ──\n", printable(part.task), printable(part.protocol), part.languages.front()->n,
             analysis.pivot.empty() ? "" : ", pivot " + printable(analysis.pivot));
}

void print_remarks(const Part& part, const PatchTable& table) {
  for (const LanguageResult* language : part.languages)
    for (const std::string& control : table.controls) {
      std::size_t copied = 0, may_copy = 0, lacking = 0;
      for (const auto& [block, by_language] : table.blocks)
        if (const FlipResult* flip = flip_at(table, block, language->of.language, control)) {
          copied += flip->copied;
          may_copy += flip->may_copy;
          lacking = std::max(lacking, flip->without_donor);
        }
      const std::string name = printable(language->of.language);
      if (control == "other_gold" && may_copy > 0)
        fmt::print("  {}: with other_gold {} of {} answers turn to the donor's gold\n", name, copied, may_copy);
      const std::size_t all = items_of(table, language->of.language);
      if (lacking > 0 && lacking <= all)
        fmt::print("  {}, {}: no donor for {} of {} items; its rates are of {}\n", name, control, lacking, all,
                   all - lacking);
    }
}

void print_many(const Analysis& analysis, const Part& part, std::size_t kinds) {
  constexpr std::size_t kShown = 12;
  fmt::print(
      "\n{} kinds of places patched; the places where main exceeds its strongest\ncontrol by most (picked on these "
      "items; table places has p)\n",
      kinds);
  std::vector<const PlaceResult*> places = part.of(analysis.places);
  std::erase_if(places, [](const PlaceResult* place) { return !(place->difference.value > 0); });
  std::ranges::stable_sort(places, std::greater(), [](const PlaceResult* place) { return place->difference.value; });
  places.resize(std::min(places.size(), kShown));
  for (const PlaceResult* place : places) {
    const PatchKey& key = place->key;
    const std::string at = fmt::format("{} {} {}@{}{} {}", printable(place->of.language), key.direction, key.site,
                                       place->layer, key.head < 0 ? "" : fmt::format(".{}", key.head), key.position);
    fmt::print("  {:<40} n={:<4} {:>3} %, {:>+4.0f} over {}\n", at, place->items, percent(place->rate),
               100 * place->difference.value, place->strongest);
  }
}

void print_noise_floor(const Analysis& analysis) {
  if (!std::isnan(analysis.noise_floor))
    fmt::print("\nNoise floor: patched with themselves, items' scores move by at most {:.2g}\n", analysis.noise_floor);
}

void print_conclusions(const Analysis& analysis) {
  if (analysis.conclusions.empty()) return;
  fmt::print("\nConclusions\n");
  for (const std::string& sentence : analysis.conclusions) fmt::print("{}\n", wrapped("- " + sentence, 2));
}

void print_first_conclusions(const Analysis& analysis) {
  if (analysis.in_short.empty()) return print_conclusions(analysis);
  fmt::print("\nConclusions, in short (of {}; all of them with --all)\n", analysis.conclusions.size());
  for (const std::string& sentence : analysis.in_short) fmt::print("{}\n", wrapped("- " + sentence, 2));
}

}  // namespace tertium
