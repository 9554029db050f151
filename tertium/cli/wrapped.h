#pragma once

#include <string>
#include <string_view>

namespace tertium {

/// A text in lines of at most 80 code points, broken at spaces; lines behind the first begin with `indent` spaces.
std::string wrapped(std::string_view text, std::size_t indent = 0);

}  // namespace tertium
