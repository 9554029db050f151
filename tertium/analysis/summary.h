#pragma once

#include <map>
#include <string>
#include <vector>

#include "tertium/analysis/effects.h"
#include "tertium/stats/rates.h"
#include "tertium/store/store.h"

namespace tertium {

/// By layer (0..L of the stream, then the final norm): the mean over TS and over TF items; NaN where there are none.
struct TransferMeans {
  std::vector<double> ts, tf;
};

/// How one language fares beside the pivot. TS: both right; TF: pivot right, this wrong; FS: the reverse; FF: both
/// wrong.
struct LanguageSummary {
  std::string language;
  Rate accuracy;                               // by the rule of the protocol, which decides all that follows
  std::map<std::string, Rate> by_rule;         // in loglik: by each rule, "acc", "acc_norm", "acc_bytes"
  std::size_t ts = 0, tf = 0, fs = 0, ff = 0;  // all 0 for the pivot itself
  std::size_t identical_options = 0;  // items with two options of one text, here or in the pivot: in none of those four
  std::map<std::string, TransferMeans> alignment;  // by metric
  std::vector<PatchTable> patches;                 // as first stored
};

/// What was found in one task under one protocol.
struct TaskSummary {
  std::string task, protocol, pivot;
  std::string rule;  // by which an answer counts as right: "acc", "acc_norm" or "acc_bytes"
  std::size_t items = 0;
  std::vector<LanguageSummary> languages;  // the pivot first
  /// The largest change of an option's score when items were patched with themselves; negative if there was no self
  /// control.
  double noise_floor = -1;
};

/// All rows of a results folder, or those of some items.
struct StoredRows {
  RunInfo info;
  std::vector<ScoreRow> scores;
  std::vector<AlignmentRow> alignment;
  std::vector<PatchRow> patches;
};
StoredRows stored_rows(const Store& store);

/// Reads a results folder's rows back into what the terminal shows. Throws Error if rows of the pivot are missing
/// or rows contradict each other.
std::vector<TaskSummary> summarize(const StoredRows& rows);
inline std::vector<TaskSummary> summarize(const Store& store) { return summarize(stored_rows(store)); }

}  // namespace tertium
