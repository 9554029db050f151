#pragma once

#include <functional>
#include <vector>

#include "tertium/experiment/lineup.h"
#include "tertium/patching/control.h"
#include "tertium/patching/means.h"
#include "tertium/patching/place.h"

namespace tertium {

class Engine;
struct Question;

/// One patched run: what is put where, and whose it is.
struct PatchedRun {
  const Place* place;
  const ControlRun* control;
  int draw;
  std::size_t recipient;  // items
  std::size_t donor;
};

/// What is patched where, in every direction of an experiment.
struct PatchMenu {
  PatchMenu(const PatchSpec& spec, const Config& config);

  const PatchSpec& spec;
  const std::vector<Place> places;
  const std::vector<ControlRun> controls;

  /// All patched runs of one recipient, place by place, control by control.
  std::vector<PatchedRun> runs_of(const Lineup::Recipient& recipient) const;
  /// What of clean runs they need.
  std::vector<Quantity> quantities() const;
};

/// The rows that a patched run replaces, and the donor's rows that go there.
struct PatchedRows {
  std::vector<int> into;
  std::vector<int> from;
};
PatchedRows patched_rows(const PatchMenu& menu, const Lineup& lineup, const LanguagePair& pair, const PatchedRun& run);

/// The clean runs of both languages.
struct CleanPair {
  CleanRuns pivot;
  CleanRuns other;
  const CleanRuns& at(Side side) const { return side == Side::pivot ? pivot : other; }
};

/// The most rows of one job, which the engine cannot divide: a recipient's patches take several where they are more.
int most_rows(const Question& question);

/// Makes all patched runs of a lineup and gives each one's option scores, in order.
void run_patches(const Engine& engine, const PatchMenu& menu, const Lineup& lineup, const LanguagePair& pair,
                 const CleanPair& clean,
                 const std::function<void(const PatchedRun&, const std::vector<double>& scores)>& answered,
                 const std::function<void(std::size_t recipients)>& progress);

}  // namespace tertium
