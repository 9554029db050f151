#pragma once

#include <vector>

#include "tertium/analysis/answers.h"
#include "tertium/analysis/results.h"
#include "tertium/stats/bootstrap.h"

namespace tertium {

/// What repaired runs of the tried items answered, and how aligned they were. `clean`: alignment without any repair.
/// Throws Error naming an item that has no answer of its own.
std::vector<RepairObservations> repair_observations(
    const std::vector<RepairRow>& rows, const std::vector<AblatedAlignmentRow>& alignment,
    const std::vector<AlignmentRow>& clean, const std::vector<LanguageAnswers>& answers,
    const std::function<std::string(const std::string& task, const std::string& language)>& pivot);

/// Every repair beside its controls, and beside no repair at all.
std::vector<RepairResult> repair_results(const Observations& observations, Bootstrap& bootstrap);
std::vector<RepairedAlignmentResult> repaired_alignment_results(const Observations& observations, Bootstrap& bootstrap);

}  // namespace tertium
