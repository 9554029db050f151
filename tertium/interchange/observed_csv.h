#pragma once

#include <filesystem>

#include "tertium/analysis/observations.h"

namespace tertium {

/// Item-level files of other tools; an empty path is a file that is not given. Columns: docs/statistics.md.
struct ObservedFiles {
  std::filesystem::path answers;    // language, item, correct_pivot, correct; if there: task, protocol, unit
  std::filesystem::path alignment;  // language, item, metric, stream, layer, value; if there: task
  std::filesystem::path flips;      // language, item, layer, control, draw, flip; if there: task, protocol, site, …
};

/// What the files say. They know no margins, so recovery stays unknown; flips of items that did not fail are refused
/// only where the answers say otherwise. Throws Error naming file and line: what read_csv (tasks/csv.h) refuses, an
/// item given twice, alignment or flips of items that the answers do not have.
Observations read_observed(const ObservedFiles& files);

}  // namespace tertium
