#pragma once

#include <compare>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tertium/analysis/item_counts.h"
#include "tertium/patching/direction.h"
#include "tertium/store/store.h"

namespace tertium {

// What statistics read: item by item, wherever it came from (a results.db, or CSV files of other tools).

/// One item as it was answered in a language and in the pivot.
struct PairedAnswer {
  std::string item;
  std::string unit;  // items of one unit are no independent data: Belebele's passage; else the item itself
  bool pivot_right = false, right = false;
  bool undecided = false;  // two options of one text, here or in the pivot: in none of TS, TF, FS and FF
  double pivot_margin = kUnknown, margin = kUnknown;  // gold's score less the best other's
  int tokens = 0;                                     // of all options here; 0 where unknown
  std::size_t options = 0;                            // how many it has; 0 where unknown

  Transfer transfer() const { return tertium::transfer(pivot_right, right); }
};

/// A task under one protocol in one language.
struct TaskLanguage {
  std::string task, protocol, language;
  auto operator<=>(const TaskLanguage&) const = default;
};

struct LanguageObservations {
  TaskLanguage of;
  bool is_pivot = false;
  std::vector<PairedAnswer> answers;
  std::string rule;                            // by which an answer counts as right: "acc"; empty where unknown
  std::map<std::string, std::size_t> by_rule;  // right answers by each rule, where a score is a sum over a text
};

/// A metric at one layer, by item. It does not depend on a protocol.
struct AlignmentObservations {
  std::string task, language, metric, stream;
  int layer = 0;
  std::map<std::string, double> values;
};

/// What the patches of one table have in common: all but block, control, item and draw.
struct PatchKey {
  std::string direction, site, position;
  int head = -1, window = 1;
  auto operator<=>(const PatchKey&) const = default;
};

/// One control at one place, by item of the direction's pool.
struct PatchObservations {
  TaskLanguage of;
  PatchKey key;
  int layer = 0;  // the block, or the first of a window
  std::string control;
  ItemCounts items;
};

/// What the lens read of an item at one layer. What an item has not is NaN.
struct LensSight {
  double right = kUnknown;        // 1 where gold stands highest of the options, else 0; NaN where two begin alike
  double pivot_above = kUnknown;  // 1 where the pivot's gold stands above the own one; NaN where they begin alike
  double own = kUnknown, pivot = kUnknown;  // loglik: log-probabilities of the golds' first tokens
  double entropy = kUnknown;                // loglik, in bits
};

/// One layer of a language's lens, by item.
struct LensObservations {
  TaskLanguage of;
  int layer = 0;  // stream index
  std::map<std::string, LensSight> items;
};

/// How an item is answered under an ablation: means over draws.
struct AblatedAnswer {
  double right = 0;
  double margin = 0;
  std::size_t draws = 0;
};

/// An item's alignment under an ablation or a repair, and its change from the clean run: means over the stream indices
/// behind the block, and over draws.
struct ChangedAlignment {
  double value = 0, change = 0;
  std::size_t draws = 0;
};

/// One place of the model taken out, or its control ("main", "random"), by item.
struct AblationObservations {
  TaskLanguage of;
  AblationKey key;
  std::map<std::string, AblatedAnswer> items;
  std::map<std::string, std::map<std::string, ChangedAlignment>> aligned;  // by metric; of one of a task's protocols
};

/// Which of the tried items a repair, or a control of it, left right.
struct RepairObservations {
  TaskLanguage of;
  std::string repair, control;
  int layer = 0;  // the block
  double alpha = 0;
  std::map<std::string, bool> right;                                       // by item
  std::map<std::string, std::map<std::string, ChangedAlignment>> aligned;  // by metric; of one of a task's protocols
};

/// A sentence as it is translated in one run.
struct TranslatedItem {
  double log_prob = 0;  // of the reference
  int reference_tokens = 0;
  std::optional<std::string> text;
  double chrfpp = kUnknown;
  std::string language_out;
};

/// What was put where in a patched translation.
struct TranslationPlace {
  std::string site, position, control;
  int layer = 0;  // the block
  int draw = 0;
};

struct TranslatedPatch {
  TranslationPlace place;
  std::map<std::string, TranslatedItem> items;
};

/// A language's translations into a target, by item.
struct TranslatedLanguage {
  std::string language, target;
  std::map<std::string, std::string> sources, references;
  std::map<std::string, TranslatedItem> clean;
  std::vector<TranslatedPatch> patches;
};

struct TranslationObservations {
  std::vector<TranslatedLanguage> languages;
  std::vector<AlignmentObservations> alignment;  // of the source sentences
  std::map<std::string, double> success;         // by target: the chrF++ from which on a translation counts as right
};

struct Observations {
  std::string pivot;
  std::string dtype;  // what products were computed in; empty where unknown
  std::vector<LanguageObservations> languages;
  std::vector<AlignmentObservations> alignment;
  std::vector<PatchObservations> patches;
  std::vector<AblationObservations> ablations;
  std::vector<std::string> controls;  // that were asked for; empty where unknown
  std::vector<LensObservations> lens;
  std::vector<RepairObservations> repairs;
  TranslationObservations translations;
  std::vector<CorpusRow> corpora;
  std::map<std::string, std::size_t> sentences;  // of each corpus that was run; an imported one's are unknown
  /// The largest change of an option's score where items were patched with themselves; NaN if none were.
  double noise_floor = kUnknown;
};

/// The controls that a run asked for.
std::vector<std::string> stored_controls(const RunInfo& info);

/// All of a results folder. Throws Error if rows of the pivot are missing or rows contradict each other.
Observations observations_of(const Store& store);

/// Those of some items of each task.
Observations observations_of(const Observations& all,
                             const std::function<bool(const std::string& task, const std::string& item)>& is_wanted);

/// Of these; null where there are none.
const LanguageObservations* find(const Observations& observations, const TaskLanguage& of);
/// The units of their items.
std::map<std::string, std::string> units_of(const Observations& observations, const TaskLanguage& of);

}  // namespace tertium
