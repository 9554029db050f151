#pragma once

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "tertium/analysis/results.h"

namespace tertium {

// What the picture and the tables of an analysis have in common: its parts, and the words for them.

std::string percent(double share);                 // "12"; "–" where unknown
std::string number(double value, int digits = 2);  // "0.12"
std::string p_text(double p);                      // "0.123", "<.001"
/// Right-aligned in `width` columns; every character used in cells is one column wide.
std::string cell(const std::string& text, std::size_t width);

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

std::vector<Part> parts_of(const Analysis& analysis);

/// As many languages as fit side by side in 80 columns when each takes `width` characters.
std::vector<std::vector<std::string>> pages(const std::vector<std::string>& languages, std::size_t width);

/// What was patched at one kind of place.
struct PatchTable {
  PatchKey key;
  std::vector<std::string> controls;                                                      // in the order of the rows
  std::map<int, std::map<std::string, std::map<std::string, const FlipResult*>>> blocks;  // language, control
};

std::vector<PatchTable> patch_tables(const Analysis& analysis, const Part& part);
/// Null where there is none.
const FlipResult* flip_at(const PatchTable& table, int block, const std::string& language, const std::string& control);
/// The most items that main was put into at a block.
std::size_t items_of(const PatchTable& table, const std::string& language);
/// "fix: % of TF items that turn right when resid_post of a block is replaced, position last"
std::string claim(const Analysis& analysis, const PatchKey& key);

/// A metric and what people write.
struct ShownMetric {
  const char *name, *title;
};
inline constexpr ShownMetric kShownMetrics[] = {{"dali", "DALI"}, {"mexat", "MEXAT"}};
/// "DALI: % of items aligned with en, TS | TF (chance 17 %)"
std::string aligned_heading(const Analysis& analysis, const Part& part, const ShownMetric& metric,
                            const std::string& between);
/// "the pivot" where its name is unknown.
std::string pivot_name(const Analysis& analysis);
/// " (chance 50 %)"; nothing where it is unknown.
std::string chance_text(double chance);

void print_heading(const Analysis& analysis, const Part& part);
/// What tables of changes do not show: copies, and items without a donor.
void print_remarks(const Part& part, const PatchTable& table);
/// Where there are more kinds of places than anyone reads tables of, the places where main exceeds its strongest
/// control by most.
inline constexpr std::size_t kMostKinds = 4;
void print_many(const Analysis& analysis, const Part& part, std::size_t kinds);
void print_noise_floor(const Analysis& analysis);
void print_conclusions(const Analysis& analysis);
/// Analysis::in_short, and where the others are.
void print_first_conclusions(const Analysis& analysis);

}  // namespace tertium
