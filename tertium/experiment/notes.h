#pragma once

#include <set>
#include <string>
#include <vector>

#include "tertium/experiment/run.h"
#include "tertium/store/store.h"

namespace tertium {

/// What a number about one language's run is filed under in `runs`, behind the name of the number.
std::string run_key(const TaskSpec& task, const PreparedLanguage& language);

/// What a user should know of a task's items before it runs, a line each. Counts are of items, by language.
std::vector<std::string> notes_on(const PreparedTask& task);

/// The same for `runs`: joints_swallowed, truncated, bos_in_text, identical_options, asked_otherwise, left_out
/// (docs/results.md).
void store_notes(Store& store, const PreparedTask& task);

}  // namespace tertium
