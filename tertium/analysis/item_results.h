#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/analysis/answers.h"
#include "tertium/analysis/observations.h"

namespace tertium {

// Results item by item, as people look at them.

/// One item's answer in a language.
struct ItemAnswer {
  std::string item;
  Answer answer;
  std::optional<Transfer> transfer;  // none in the pivot, and none of an item with two options of one text
};

struct LanguageItems {
  TaskLanguage of;
  std::string pivot;       // what it is held against; the language itself where it is the pivot
  bool has_scores = true;  // else only right or wrong is known
  std::vector<ItemAnswer> answers;
};

/// One patched run, or the mean of an item's draws.
struct ItemPatch {
  const std::string* item = nullptr;   // of ItemResults::names
  const std::string* donor = nullptr;  // the same; null of a mean
  int draw = 0;
  std::uint32_t draws = 1;    // of which it is the mean
  std::uint32_t changed = 0;  // how many of them are right where the clean run was wrong, or wrong where it was right
  int chosen = -1;            // of a mean: -1
  double margin = 0;          // gold's score less the best other's, as the protocol compares them
};

/// What one control did at a block, in the order of item and draw.
struct ItemPatchGroup {
  std::string control;
  int layer = 0;
  std::vector<ItemPatch> patches;
};

/// The patched runs of one language at one kind of place, in the order of control and block.
struct ItemPatches {
  TaskLanguage of;
  PatchKey key;
  std::vector<ItemPatchGroup> groups;
};

/// How much of the patched runs is told.
enum class PatchDetail {
  draws,  // each run
  means,  // an item's mean over draws
  main,   // main's alone
  none,
};
std::string_view to_string(PatchDetail detail);

struct ItemResults {
  std::vector<LanguageItems> languages;
  PatchDetail detail = PatchDetail::draws;
  std::vector<ItemPatches> patches;
  std::set<std::string> names;  // that patches point to

  ItemResults() = default;
  ItemResults(const ItemResults&) = delete;
  ItemResults(ItemResults&&) = default;
};

/// How many patches people are shown.
struct ItemLimits {
  std::size_t draws = 50'000;   // patched runs that are told one by one; of more, means
  std::size_t means = 400'000;  // means; of more, main's, and of more of these none
};

/// All of a results folder; of more patches than the limits allow, less of each. Throws Error as observations_of does.
ItemResults item_results(const Store& store, const ItemLimits& limits = {});

}  // namespace tertium
