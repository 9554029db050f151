#pragma once

#include <vector>

#include "tertium/analysis/results.h"

namespace tertium {

/// TS against TF of every language and metric at the study's layer, and by the honest rules; the study's preset has its
/// own rule alone.
std::vector<LayerChoiceResult> layer_choices(const Observations& observations, const AnalysisOptions& options);

/// The layer of the study's rule: the first at which most items are aligned, of all that have a value. Null if there is
/// none.
const AlignmentObservations* study_layer(const Observations& observations, const std::string& task,
                                         const std::string& language, const std::string& metric);

}  // namespace tertium
