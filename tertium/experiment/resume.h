#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tertium/experiment/inputs.h"
#include "tertium/experiment/run.h"
#include "tertium/model/model.h"

namespace tertium {

// Whether a run can go on with what a folder holds.

/// What decides numbers beside files and items, by name: "dtype" → "f32", "patch.seed" → "42".
using Deciders = std::vector<std::pair<std::string, std::string>>;
Deciders deciders_of(const Experiment& experiment, Precision precision);

/// A hash of what decides the numbers of all units: the files of model and tokenizer, the dtype, this program's
/// arithmetic.
std::string fingerprint_of(const InputHashes& hashes, Precision precision);

/// Files them in `runs`, under "decides NAME".
void store_deciders(Store& store, const Deciders& deciders);

/// What is otherwise now than when the results were made, a few words each, so that they cannot be gone on with. Other
/// items than theirs count; more of them do not.
std::vector<std::string> differences(const Store& store, const Experiment& experiment,
                                     const std::vector<PreparedTask>& tasks, const InputHashes& hashes,
                                     Precision precision);

/// What two runs' results were made from that is not the same, a few words each; what one of them alone names does not
/// count. Without the files.
std::vector<std::string> unlike(const RunInfo& a, const RunInfo& b);

}  // namespace tertium
