#pragma once

#include <string>
#include <string_view>

// toml++ asserts of a file what it then refuses in order, as that a key begins like one ("[", then a line's end): with
// assertions on, a file would end the program.
#define TOML_ASSERT(expression) static_assert(true)
#define TOML_MAX_NESTED_VALUES 16  // lists and inline tables within each other
#include <toml++/toml.h>

namespace tertium {

/// Tables within each other beyond this are refused: who goes through them goes down on the stack.
inline constexpr int kDeepestToml = 100;

/// A TOML text. Throws Error "ORIGIN:LINE: not valid TOML: …", also for what nests deeper than kDeepestToml.
toml::table parse_toml(std::string_view text, const std::string& origin);

}  // namespace tertium
