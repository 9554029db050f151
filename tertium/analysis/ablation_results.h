#pragma once

#include <vector>

#include "tertium/analysis/answers.h"
#include "tertium/analysis/results.h"
#include "tertium/stats/bootstrap.h"

namespace tertium {

/// Stored rows, place by place and control by control. `clean`: alignment without any ablation. Throws Error naming the
/// item whose rows do not fit its answer.
std::vector<AblationObservations> ablation_observations(const std::vector<AblationRow>& scores,
                                                        const std::vector<AblatedAlignmentRow>& alignment,
                                                        const std::vector<AlignmentRow>& clean,
                                                        const std::vector<LanguageAnswers>& answers);

std::vector<AblationResult> ablation_results(const Observations& observations, Bootstrap& bootstrap);
std::vector<AblatedAlignmentResult> ablated_alignment_results(const Observations& observations, Bootstrap& bootstrap);

}  // namespace tertium
