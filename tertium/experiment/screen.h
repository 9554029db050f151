#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tertium/base/progress.h"
#include "tertium/screening/attribution.h"
#include "tertium/stats/correlation.h"

namespace tertium {

class Engine;
struct PreparedLanguage;  // experiment/run.h
struct PreparedTask;

struct ScreenOptions {
  std::size_t top = 20;                // places that are verified; as many others are drawn
  std::size_t items = 8;               // of the TF items, the first in order
  std::vector<std::string> positions;  // empty: all that the items have but `all`
  std::uint64_t seed = 42;             // of the draw
};

/// A place, and what patching it does to the margin, as a mean over the items that have its position.
struct ScreenedPlace {
  PatchPlace place;
  std::size_t items = 0;
  double estimated = 0;
};
struct VerifiedPlace {
  ScreenedPlace screened;
  double real = 0;  // by real patches, over the same items
};

/// How well attribution orders places: Spearman's correlation of estimated and real changes.
struct RankCorrelations {
  Correlation all, top, drawn;
};

/// One language's transfer failures, screened in direction fix: the pivot's activations go into its runs.
struct Screening {
  std::size_t transfer_failures = 0;
  std::vector<std::string> items;     // the ids of those that were screened
  double margin = 0;                  // gold less best other, clean: the mean over the items
  std::vector<ScreenedPlace> places;  // all, the largest estimate first
  std::vector<VerifiedPlace> top,
      drawn;  // the first distinct ones; others, drawn by seed; both in the order of `places`
  RankCorrelations correlations;
};

/// Screens by attribution (screening/attribution.h), then patches the top places and as many drawn others for real.
/// Throws Error if no item is right in the pivot and wrong in the language, or none has a wanted position.
Screening screen(const Engine& engine, const PreparedTask& task, const PreparedLanguage& language,
                 const ScreenOptions& options, const Progress& progress);

}  // namespace tertium
