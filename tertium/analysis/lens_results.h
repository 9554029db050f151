#pragma once

#include <vector>

#include "tertium/analysis/answers.h"
#include "tertium/analysis/results.h"
#include "tertium/stats/bootstrap.h"

namespace tertium {

/// Stored rows, by item. Throws Error naming the item whose rows do not fit its answer.
std::vector<LensObservations> lens_observations(const std::vector<LensRow>& rows,
                                                const std::vector<LanguageAnswers>& answers);

/// By layer, for all items, TS and TF; of the pivot all items alone.
std::vector<LensResult> lens_results(const Observations& observations, Bootstrap& bootstrap);

}  // namespace tertium
