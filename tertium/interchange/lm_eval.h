#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tertium/store/store.h"

namespace tertium {

/// Adds the answers that lm-evaluation-harness scored, under protocol `loglik`: log-likelihoods of every option, the
/// item under the id that its benchmark's reader gives it, so that a run can align the same items. `from`:
/// results_*.json (the samples beside it are read), samples_*.jsonl, or folders of either. Tasks are told by name:
/// <benchmark>_<language>. What a results file says of the model and its settings goes into `runs` under `lm-eval …`.
/// Throws Error naming file and line for whatever does not fit, for a benchmark that is unknown, and where the pivot's
/// answers are missing.
void import_lm_eval(const std::vector<std::filesystem::path>& from, const std::string& pivot, Store& store);

}  // namespace tertium
