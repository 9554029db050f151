#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tertium {

// Texts as sacrebleu (2.5) sees them: code points, and white space as Python's str.split() takes it, which is wider
// than Unicode's property by four control characters.

/// The code points of a UTF-8 text.
std::u32string code_points_of(std::string_view text);

bool is_python_space(char32_t character);

/// Runs of characters that are no white space.
std::vector<std::u32string> split_words(std::u32string_view text);

}  // namespace tertium
