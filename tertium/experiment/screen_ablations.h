#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tertium/base/progress.h"
#include "tertium/experiment/screen.h"
#include "tertium/patching/ablation.h"

namespace tertium {

/// A place, and what taking it out does: means over the items.
struct ScreenedAblation {
  Ablation place;                    // attn_out, mlp_out or z
  double margin = 0, alignment = 0;  // changes: of the margin, and of dali_margin's mean over stream indices 0..L
};
struct VerifiedAblation {
  ScreenedAblation estimated, real;
};

/// What a screening ranks by.
enum class ScreenBy { margin, alignment };

/// One language's items, each half of a block and each head taken out at all rows.
struct AblationScreening {
  std::vector<std::string> items;            // the ids of those that were screened
  double margin = 0, alignment = 0;          // clean
  std::vector<ScreenedAblation> places;      // all, what costs most first
  std::vector<VerifiedAblation> top, drawn;  // the first; others, drawn by seed; both in the order of `places`
  RankCorrelations of_margin, of_alignment;
};

/// Screens by attribution (screening/attribution.h), then takes out the top places and as many drawn others for real.
/// `removal`: zero, or mean over the language's other items. Statements are compared unless the language is the pivot.
/// Throws Error as attribute_ablations does.
AblationScreening screen_ablations(const Engine& engine, const PreparedTask& task, const PreparedLanguage& language,
                                   Removal removal, ScreenBy by, const ScreenOptions& options,
                                   const Progress& progress);

}  // namespace tertium
