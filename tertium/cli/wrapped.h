#pragma once

#include <string>
#include <string_view>

namespace tertium {

/// A text in lines of at most 80 code points, broken at spaces; its leading spaces stay, and lines
/// after the first begin with `indent`.
std::string wrapped(std::string_view text, std::size_t indent = 0);

}  // namespace tertium
