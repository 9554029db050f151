#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "tertium/engine/greedy.h"
#include "tertium/experiment/language_activations.h"
#include "tertium/experiment/lineup.h"
#include "tertium/patching/control.h"
#include "tertium/patching/means.h"
#include "tertium/patching/place.h"

namespace tertium {

class Beginnings;
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
  Wanted wanted() const;
};

/// The rows that a patched run replaces, and the donor's rows that go there.
struct PatchedRows {
  std::vector<int> into;
  std::vector<int> from;
};
PatchedRows patched_rows(const PatchMenu& menu, const Lineup& lineup, const LanguagePair& pair, const PatchedRun& run);

/// One language's clean runs as patches read them.
struct CleanRuns {
  std::vector<const Activations*> activations;  // [items]; null where nobody asks for them
  std::vector<const NamedRows*> positions;      // [items]
};

/// The clean runs of both languages.
struct CleanPair {
  CleanRuns pivot;
  CleanRuns other;
  const CleanRuns& at(Side side) const { return side == Side::pivot ? pivot : other; }
};

/// What is averaged in both languages.
struct MeansPair {
  Means pivot, other;
  const Means& at(Side side) const { return side == Side::pivot ? pivot : other; }
};
/// Over some items, whose clean runs must be there.
MeansPair means_over(const PatchMenu& menu, const CleanPair& clean, std::span<const std::size_t> items);

/// Whose clean activations some patched runs take, in both languages: donors, and recipients where something is made of
/// their own. Without means.
struct Givers {
  std::set<std::size_t> pivot, other;
  const std::set<std::size_t>& at(Side side) const { return side == Side::pivot ? pivot : other; }
};
Givers givers_of(const Lineup& lineup, std::span<const PatchedRun> runs);

/// The clean runs of some items, with what patches take of them.
class CleanActivations {
 public:
  CleanActivations(LanguageActivations& pivot, LanguageActivations& other, const Givers& givers);
  CleanPair all() const;

 private:
  const PreparedLanguage& pivot_language_;
  const PreparedLanguage& other_language_;
  std::map<std::size_t, Activations> pivot_, other_;  // by item
};

/// The most rows of one job, which the engine cannot divide: a recipient's patches take several where they are more.
int most_rows(const Question& question);

/// How a patched run's prompt, which ends in that strand, is gone on with; nothing where it is not.
using ContinuePatched = std::function<std::optional<Continuation>(const PatchedRun&, int strand)>;

/// Makes patched runs, those of one recipient one behind the other, and gives each one's option scores, in order, with
/// its text where `texts` asks for one. `means` are over lineup.averaged; they may be empty where no control takes
/// means. Recipients' clean runs begin as `beginnings` knows them.
void run_patches(
    const Engine& engine, const PatchMenu& menu, const Lineup& lineup, const LanguagePair& pair,
    std::span<const PatchedRun> runs, const CleanPair& clean, const MeansPair& means,
    const std::function<void(const PatchedRun&, const std::vector<double>& scores, const Continued* text)>& answered,
    const std::function<void(std::size_t recipients)>& progress, Beginnings& beginnings,
    const ContinuePatched& texts = {});

}  // namespace tertium
