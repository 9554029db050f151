#pragma once

#include <string>
#include <string_view>

namespace tertium {

/// A text of the translated HellaSwag and ARC as lm-evaluation-harness cleans it (lm_eval/tasks/okapi): without white
/// space around it, " [title]" as ". ", no other bracketed words on one line, and each pair of spaces as one.
std::string cleaned(std::string_view text);

}  // namespace tertium
