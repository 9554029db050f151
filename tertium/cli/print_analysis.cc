#include "tertium/cli/print_analysis.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "tertium/analysis/results.h"
#include "tertium/base/text.h"
#include "tertium/cli/wrapped.h"

namespace tertium {
namespace {

constexpr std::size_t kAcross = 80;      // characters; wider tables are cut into several
constexpr std::size_t kFirstColumn = 7;  // "  layer"

std::string percent(double share) { return std::isnan(share) ? "–" : fmt::format("{:.0f}", 100 * share); }
std::string number(double value, int digits = 2) {
  return std::isnan(value) ? "–" : fmt::format("{:.{}f}", value, digits);
}
std::string p_text(double p) { return std::isnan(p) ? "–" : p < 0.0005 ? "<.001" : fmt::format("{:.3f}", p); }

/// Right-aligned in `width` columns; every character used in cells is one column wide.
std::string cell(const std::string& text, std::size_t width) { return fmt::format("{:>{}}", text, width); }

/// What an analysis says of one task under one protocol.
struct Part {
  std::string task, protocol;
  std::vector<const LanguageResult*> languages;

  bool has(const TaskLanguage& of) const { return of.task == task && of.protocol == protocol; }
  template <class Row>
  std::vector<const Row*> of(const std::vector<Row>& rows) const {
    std::vector<const Row*> own;
    for (const Row& row : rows)
      if (has(row.of)) own.push_back(&row);
    return own;
  }
};

std::vector<Part> parts_of(const Analysis& analysis) {
  std::vector<Part> parts;
  for (const LanguageResult& language : analysis.languages) {
    auto part = std::ranges::find_if(parts, [&](const Part& one) { return one.has(language.of); });
    if (part == parts.end()) part = parts.insert(parts.end(), {language.of.task, language.of.protocol, {}});
    part->languages.push_back(&language);
  }
  return parts;
}

void print_heading(const Analysis& analysis, const Part& part) {
  fmt::print("\n── {}, {}: {} items{} ──\n", printable(part.task), printable(part.protocol), part.languages.front()->n,
             analysis.pivot.empty() ? "" : ", pivot " + printable(analysis.pivot));
}

/// Where an option's score is a sum, what its length would make of it.
void print_accuracy_by_rule(const Part& part) {
  const LanguageResult& first = *part.languages.front();
  if (first.by_rule.empty()) return;
  fmt::print("  %, by sum (acc), character (acc_norm), byte (acc_bytes); {} decides\n", first.rule);
  for (const LanguageResult* language : part.languages) {
    fmt::print("  {:<12}", printable(language->of.language));
    for (const auto& [rule, accuracy] : language->by_rule) fmt::print("  {} {:.1f}", rule, 100 * accuracy);
    fmt::print("\n");
  }
}

void print_accuracy(const Analysis& analysis, const Part& part) {
  const std::string pivot = analysis.pivot.empty() ? "the pivot" : printable(analysis.pivot);
  fmt::print("\n{}\n",
             wrapped(fmt::format("Accuracy [95 %]; items right in {0} and here (TS), in {0} only (TF), here only "
                                 "(FS), in neither (FF)",
                                 pivot)));
  fmt::print("  {:<12}{:>9}  {:<16}{:>5}{:>5}{:>5}{:>5}\n", "language", "accuracy", "", "TS", "TF", "FS", "FF");
  for (const LanguageResult* language : part.languages) {
    const Estimate& rate = language->accuracy;
    fmt::print("  {:<12}{:>7.1f} %  [{:.1f}, {:.1f}]", printable(language->of.language), 100 * rate.value,
               100 * rate.low, 100 * rate.high);
    if (language->is_pivot)
      fmt::print("     (pivot)\n");
    else
      fmt::print("    {:>5}{:>5}{:>5}{:>5}\n", language->ts, language->tf, language->fs, language->ff);
  }
  print_accuracy_by_rule(part);
  for (const LanguageResult* language : part.languages)
    if (language->undecided > 0 && !language->is_pivot)
      fmt::print("  {}: {} more with two options of one text, in none of these\n", printable(language->of.language),
                 language->undecided);
}

/// As many languages as fit side by side when each takes `width` characters.
std::vector<std::vector<std::string>> pages(const std::vector<std::string>& languages, std::size_t width) {
  const std::size_t most = std::max<std::size_t>(1, (kAcross - kFirstColumn) / width);
  std::vector<std::vector<std::string>> pages;
  for (const std::string& language : languages) {
    if (pages.empty() || pages.back().size() == most) pages.emplace_back();
    pages.back().push_back(language);
  }
  return pages;
}

/// Those of a part but the pivot.
std::vector<std::vector<std::string>> pages(const Part& part, std::size_t width) {
  std::vector<std::string> languages;
  for (const LanguageResult* language : part.languages)
    if (!language->is_pivot) languages.push_back(language->of.language);
  return pages(languages, width);
}

void print_alignment(const Analysis& analysis, const Part& part, const std::string& metric) {
  constexpr std::size_t kCell = 4;
  const std::size_t width = 2 * kCell + 3;
  using At = std::pair<std::string, int>;                              // stream, layer
  std::map<At, std::map<std::string, const AlignmentResult*>> layers;  // by language
  for (const AlignmentResult* result : part.of(analysis.alignment))
    if (result->metric == metric)
      layers[{result->stream == "final_norm" ? "norm" : "", result->layer}][result->of.language] = result;
  if (layers.empty()) return;
  fmt::print("\n{} by stream index (norm: behind the final norm), TS | TF items, %\n", metric);
  for (const auto& page : pages(part, width)) {
    fmt::print("  layer");
    for (const std::string& language : page) fmt::print("{}", cell(printable(language), width));
    fmt::print("\n");
    for (const auto& [at, by_language] : layers) {
      fmt::print("  {}", cell(at.first.empty() ? std::to_string(at.second) : at.first, 5));
      for (const std::string& language : page) {
        const auto found = by_language.find(language);
        const AlignmentResult* result = found == by_language.end() ? nullptr : found->second;
        fmt::print("{} |{}", cell(result ? percent(result->ts_mean) : "–", kCell + 1),
                   cell(result ? percent(result->tf_mean) : "–", kCell));
      }
      fmt::print("\n");
    }
  }
}

/// What was patched at one kind of place.
struct PatchTable {
  PatchKey key;
  std::vector<std::string> controls;                                                      // in the order of the rows
  std::map<int, std::map<std::string, std::map<std::string, const FlipResult*>>> blocks;  // language, control
};

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

/// "fix: TF items that turn right when resid_post of a block is replaced at last"
std::string claim(const Analysis& analysis, const PatchKey& key) {
  const Direction& direction = direction_named(key.direction);
  const std::string answered = direction.recipient() == Side::pivot ? " in " + printable(analysis.pivot) : "";
  const std::string site = key.head < 0 ? key.site : fmt::format("{} of head {}", key.site, key.head);
  return fmt::format("{}: {} items that turn {}{} when {} of {} is replaced at {}", direction.name,
                     to_string(direction.pool), direction.repairs() ? "right" : "wrong", answered, site,
                     key.window == 1 ? "a block" : fmt::format("{} blocks from this one on", key.window), key.position);
}

/// One language's rates at a block, a cell a control: " 12 |  4 |  0".
std::string flip_cells(const PatchTable& table, int block, const std::string& language) {
  constexpr std::size_t kCell = 3;
  std::string cells;
  for (const std::string& control : table.controls) {
    const FlipResult* flip = flip_at(table, block, language, control);
    cells += (cells.empty() ? "" : " |") + cell(flip ? percent(flip->rate.value) : "–", kCell);
  }
  return cells;
}

std::size_t items_of(const PatchTable& table, const std::string& language) {
  std::size_t items = 0;
  for (const auto& [block, by_language] : table.blocks)
    if (const FlipResult* main = flip_at(table, block, language, "main")) items = std::max(items, main->items);
  return items;
}

void print_flips(const Analysis& analysis, const Part& part, const PatchTable& table) {
  fmt::print("\n{}\n", wrapped(fmt::format("{}, %: {}", claim(analysis, table.key), fmt::join(table.controls, " | "))));
  const std::size_t width = std::max<std::size_t>(5 * table.controls.size() + 1, 16);  // "zho_Hans (n=12)" fits
  for (const auto& page : pages(part, width)) {
    fmt::print("  block");
    for (const std::string& language : page)
      fmt::print("{}", cell(fmt::format("{} (n={})", printable(language), items_of(table, language)), width));
    fmt::print("\n");
    for (const auto& [block, by_language] : table.blocks) {
      fmt::print("  {:>5}", block);
      for (const std::string& language : page) fmt::print("{}", cell(flip_cells(table, block, language), width));
      fmt::print("\n");
    }
  }
}

/// What tables of changes do not show: copies, and items without a donor.
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
      if (lacking > 0) fmt::print("  {}: {} items had no donor for {}\n", name, lacking, control);
    }
}

/// Where there are many kinds of places, a line for each of those where main exceeds its strongest control by most.
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

void print_patches(const Analysis& analysis, const Part& part) {
  constexpr std::size_t kMostTables = 4;
  const std::vector<PatchTable> tables = patch_tables(analysis, part);
  if (tables.size() > kMostTables) return print_many(analysis, part, tables.size());
  for (const PatchTable& table : tables) {
    print_flips(analysis, part, table);
    print_remarks(part, table);
  }
}

/// A line for each language and pooling, where MEXA is largest.
void print_nearest(const Analysis& analysis) {
  std::string corpus;
  const auto beside = [](const CorpusResult& result, const char* measure, int digits) {
    return result.beside.contains(measure) ? number(result.beside.at(measure), digits) : number(kUnknown);
  };
  for (const CorpusResult& result : analysis.nearest) {
    if (std::exchange(corpus, result.corpus) != result.corpus) {
      fmt::print("\n── parallel, {}: {} sentences{} ──\n\n{}\n", printable(corpus), result.mexa.n,
                 analysis.pivot.empty() ? "" : ", pivot " + printable(analysis.pivot),
                 wrapped("MEXA [95 %] at the stream index where it is largest (at), and its mean over all; there "
                         "retrieval of here from the pivot (P@1) and back, CSLS margin, linear CKA; chance of MEXA"));
      fmt::print("  {:<10}{:<10}{:>5} {:<13}{:>3}{:>6}{:>6}{:>6}{:>7}{:>6}{:>8}\n", "language", "pooling", "MEXA", "",
                 "at", "mean", "P@1", "back", "CSLS", "CKA", "chance");
    }
    const Estimate& mexa = result.mexa;
    fmt::print("  {:<10}{:<10}{:>5} {:<13}{:>3}{:>6}{:>6}{:>6}{:>7}{:>6}{:>8}\n", printable(result.language),
               result.pooling, number(mexa.value), fmt::format("[{:.2f}, {:.2f}]", mexa.low, mexa.high), result.layer,
               number(result.mean), beside(result, "p1_row", 2), beside(result, "p1_col", 2), beside(result, "csls", 3),
               beside(result, "cka", 2), number(result.chance, 3));
  }
}

/// MEXA by layer and pooling, of every corpus.
void print_corpora(const Analysis& analysis) {
  constexpr std::size_t kCell = 3;
  using At = std::pair<std::string, int>;                                              // stream, layer
  using Layers = std::map<At, std::map<std::pair<std::string, std::string>, double>>;  // by language, pooling
  std::vector<std::string> corpora;
  std::map<std::string, std::vector<std::string>> languages, poolings;
  const auto add = [](std::vector<std::string>& to, const std::string& name) {
    if (std::ranges::find(to, name) == to.end()) to.push_back(name);
  };
  for (const CorpusResult& result : analysis.nearest) {
    add(corpora, result.corpus);
    add(languages[result.corpus], result.language);
    add(poolings[result.corpus], result.pooling);
  }
  for (const std::string& corpus : corpora) {
    Layers layers;
    for (const CorpusRow& row : analysis.corpora)
      if (row.corpus == corpus && row.measure == kMexa)
        layers[{row.stream == "resid" ? "" : "norm", row.layer}][{row.language, row.pooling}] = row.value;
    fmt::print("\nMEXA on {} by stream index (norm: behind the final norm), %: {}\n", printable(corpus),
               fmt::join(poolings[corpus], " | "));
    const std::size_t width = std::max<std::size_t>(5 * poolings[corpus].size() + 1, 10);
    for (const auto& page : pages(languages[corpus], width)) {
      fmt::print("  layer");
      for (const std::string& language : page) fmt::print("{}", cell(printable(language), width));
      fmt::print("\n");
      for (const auto& [at, values] : layers) {
        fmt::print("  {}", cell(at.first.empty() ? std::to_string(at.second) : at.first, 5));
        for (const std::string& language : page) {
          std::string cells;
          for (const std::string& pooling : poolings[corpus]) {
            const auto found = values.find({language, pooling});
            cells += (cells.empty() ? "" : " |") + cell(found == values.end() ? "–" : percent(found->second), kCell);
          }
          fmt::print("{}", cell(cells, width));
        }
        fmt::print("\n");
      }
    }
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

void print_choices(const Analysis& analysis, const Part& part) {
  const std::vector<const LayerChoiceResult*> choices = part.of(analysis.layer_choice);
  if (choices.empty()) return;
  fmt::print("\nTS less TF at a chosen layer (Holm over languages)\n");
  fmt::print("  {:<12}{:<12}{:<16}{:>6}{:>8}{:>8}{:>8}{:>8}\n", "language", "metric", "rule", "layer", "points", "z",
             "p", "Holm");
  for (const LayerChoiceResult* choice : choices)
    fmt::print("  {:<12}{:<12}{:<16}{:>6}{:>8}{:>8}{:>8}{:>8}\n", printable(choice->of.language), choice->metric,
               choice->rule, choice->layer < 0 ? "–" : std::to_string(choice->layer),
               number(100 * choice->difference, 1), number(choice->z), p_text(choice->p), p_text(choice->p_holm));
}

void print_across(const Analysis& analysis, const Part& part) {
  bool first = true;
  for (const AcrossResult& across : analysis.across) {
    if (across.task != part.task || across.protocol != part.protocol || std::isnan(across.pearson.value)) continue;
    if (std::exchange(first, false))
      fmt::print("\nAccuracy with alignment, over languages\n  {:<13}{:<6}{:>3}{:>9} {:<15}{:>7}{:>10} {}\n", "metric",
                 "over", "n", "Pearson", "[95 %]", "p", "Spearman", "[95 %]");
    const auto range = [](const Estimate& r) { return fmt::format("[{}, {}]", number(r.low), number(r.high)); };
    fmt::print("  {:<13}{:<6}{:>3}{:>9} {:<15}{:>7}{:>10} {}\n", across.metric, across.aggregate, across.n,
               number(across.pearson.value), range(across.pearson), p_text(across.pearson_p),
               number(across.spearman.value), range(across.spearman));
  }
}

/// The best block of every kind of place and language.
void print_places(const Analysis& analysis, const Part& part) {
  std::vector<const PlaceResult*> best;
  for (const PlaceResult* place : part.of(analysis.places)) {
    if (std::isnan(place->p_bh)) continue;
    auto same = std::ranges::find_if(
        best, [&](const PlaceResult* one) { return one->of == place->of && one->key == place->key; });
    if (same == best.end())
      best.push_back(place);
    else if (std::pair(place->p_bh, -place->difference.value) < std::pair((*same)->p_bh, -(*same)->difference.value))
      *same = place;
  }
  if (best.empty()) return;
  constexpr std::size_t kShown = 40;
  fmt::print(
      "\nMain against its strongest control, where adjusted p (Benjamini-Hochberg over\nblocks and languages) is "
      "least\n");
  fmt::print("  {:<10}{:<29}{:>4}{:>5}{:>5}{:>8} {:<11}{:>5}\n", "language", "place", "n", "main", "ctrl", "adj. p",
             "control", "self");
  for (std::size_t i = 0; i < std::min(best.size(), kShown); ++i) {
    const PlaceResult* place = best[i];
    const PatchKey& key = place->key;
    const std::string at = fmt::format("{} {}@{}{} {}", key.direction, key.site, place->layer,
                                       key.head < 0 ? "" : fmt::format(".{}", key.head), key.position);
    fmt::print("  {:<10}{:<29}{:>4}{:>5}{:>5}{:>8} {:<11}{:>5}\n", printable(place->of.language), at, place->items,
               percent(place->rate), percent(place->rate - place->difference.value), p_text(place->p_bh),
               place->strongest, percent(place->noise_rate));
  }
  if (best.size() > kShown) fmt::print("  and {} more: --table places\n", best.size() - kShown);
}

void print_regression(const Analysis& analysis, const Part& part) {
  for (const RegressionResult& regression : analysis.regression) {
    if (regression.task != part.task || regression.protocol != part.protocol || regression.coefficients.empty())
      continue;
    fmt::print("\nRegression of right answers, {} at the study's layer; n = {}, {} units\n", regression.metric,
               regression.n, regression.units);
    fmt::print("  {:<24}{:>12}{:>10}{:>9}{:>9}\n", "term", "coefficient", "error", "z", "p");
    for (const RegressionTerm& one : regression.coefficients)
      fmt::print("  {:<24}{:>12}{:>10}{:>9}{:>9}\n", printable(one.term), number(one.value, 3), number(one.error, 3),
                 number(one.z), p_text(one.p));
  }
}

}  // namespace

void print_summary(const Analysis& analysis) {
  for (const Part& part : parts_of(analysis)) {
    print_heading(analysis, part);
    print_accuracy(analysis, part);
    for (const char* metric : {"dali", "mexat"}) print_alignment(analysis, part, metric);
    print_patches(analysis, part);
  }
  print_nearest(analysis);
  print_noise_floor(analysis);
  print_conclusions(analysis);
}

void print_statistics(const Analysis& analysis) {
  for (const Part& part : parts_of(analysis)) {
    print_heading(analysis, part);
    print_accuracy(analysis, part);
    print_choices(analysis, part);
    print_across(analysis, part);
    print_places(analysis, part);
    print_regression(analysis, part);
  }
  print_nearest(analysis);
  print_corpora(analysis);
  print_noise_floor(analysis);
  print_conclusions(analysis);
}

}  // namespace tertium
