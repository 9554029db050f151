#pragma once

#include <set>
#include <string>

#include "tertium/store/store.h"

namespace tertium {

/// The key of `runs` that lists the items with two options of one text, which no answer decides: they are in no pool.
std::string undecided_key(const std::string& task, const std::string& protocol, const std::string& language);

/// The ids that a run has filed under it. Throws Error if what is filed is no list of ids.
std::set<std::string> undecided_items(const RunInfo& info, const std::string& task, const std::string& protocol,
                                      const std::string& language);

}  // namespace tertium
