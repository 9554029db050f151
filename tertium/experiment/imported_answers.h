#pragma once

#include <filesystem>
#include <vector>

#include "tertium/experiment/run.h"
#include "tertium/store/store.h"

namespace tertium {

/// Answers of another tool to the items that a run asks, as rows of its results: under protocol `loglik:imported`,
/// beside the run's own, so that alignment, which has no protocol, can be held against either.
struct ImportedAnswers {
  std::vector<ScoreRow> rows;
  RunInfo notes;  // for `runs`
};

/// Takes them from a results folder that `tertium import` made. Throws Error naming task, language and item where an
/// asked item has no answer there, or an answer is of another text: other options, another gold.
ImportedAnswers imported_answers(const std::filesystem::path& folder, const std::vector<PreparedTask>& tasks);

void store_imported(Store& store, const ImportedAnswers& answers);

}  // namespace tertium
