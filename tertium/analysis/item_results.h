#pragma once

#include <optional>
#include <string>
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

/// One patched run.
struct ItemPatch {
  std::string control;
  int layer = 0;
  std::string item;
  int draw = 0;
  std::string donor;
  std::size_t chosen = 0;
  double margin = 0;     // gold's score less the best other's, as the protocol compares them
  bool changed = false;  // right where the clean run was wrong, or wrong where it was right
};

/// The patched runs of one language at one kind of place, in the order of control, block, item and draw.
struct ItemPatches {
  TaskLanguage of;
  PatchKey key;
  std::vector<ItemPatch> patches;
};

struct ItemResults {
  std::vector<LanguageItems> languages;
  std::vector<ItemPatches> patches;
};

/// All of a results folder. Throws Error as observations_of does.
ItemResults item_results(const Store& store);

}  // namespace tertium
