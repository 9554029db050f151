#pragma once

#include <string>

namespace tertium {

/// A text as a field of comma-separated values (RFC 4180): with a comma, a quote or a line end in it, it is quoted and
/// its quotes are doubled.
std::string csv_field(const std::string& text);

}  // namespace tertium
