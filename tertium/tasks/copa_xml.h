#pragma once

#include <filesystem>
#include <functional>

#include "tertium/tasks/json_lines.h"

namespace tertium {

/// Hands on the items of one of COPA's own files (Roemmele et al. 2011: copa-dev.xml, copa-test.xml) that have the ids
/// first..last, in the fields of XCOPA: idx counts them from 0. Other attributes and elements are passed over. Throws
/// Error naming file and line: no XML, no copa-corpus, an item without id, asks-for, most-plausible-alternative, or
/// without one p, a1 and a2 of text.
void read_copa(const std::filesystem::path& file, int first, int last, const std::function<void(const JsonLine&)>& item);

}  // namespace tertium
