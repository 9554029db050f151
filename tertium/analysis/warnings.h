#pragma once

#include <string>
#include <vector>

#include "tertium/store/store.h"

namespace tertium {

/// Something that a run noted of its items, which a reader of its numbers should know.
struct Warning {
  std::string text;                // a sentence
  std::vector<std::string> where;  // "xcopa loglik it: 3", "xcopa loglik: it 3, zh 5"
};

/// What `runs` says of the items (docs/results.md), a warning a kind.
std::vector<Warning> warnings(const RunInfo& info);

}  // namespace tertium
