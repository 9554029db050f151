#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tertium {

// All strings are UTF-8. Functions below that take a text demand valid UTF-8 (see is_utf8); files are checked when
// read.

bool is_utf8(std::string_view text);

/// The number of code points.
std::size_t code_points(std::string_view text);

/// Without leading and trailing white space (the Unicode property, as Python's str.strip()).
std::string_view strip(std::string_view text);

/// Without the last code point; the empty text stays empty.
std::string_view drop_last_code_point(std::string_view text);

/// The first code point lower-cased by the full Unicode mapping (İ becomes two code points), the rest as it is.
std::string lower_first(std::string_view text);

/// The first code point title-cased, the rest lower-cased, by the full Unicode mappings, as Python's str.capitalize().
std::string capitalized(std::string_view text);

/// Whether the last code point is punctuation (general category P).
bool ends_in_punctuation(std::string_view text);

/// On one line and safe on a terminal: control characters escaped, cut after `limit` code points. For error messages.
std::string printable(std::string_view text, std::size_t limit = 60);

/// The candidate with the smallest edit distance to `word`; empty if none is at all near (distance over half its
/// length).
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// "a, b, c"
std::string join(const std::vector<std::string>& words, std::string_view separator = ", ");

/// "12 %" of .12.
std::string in_percent(double share);

/// The whole file. Throws Error naming the file if it cannot be read or is not UTF-8.
std::string read_text_file(const std::filesystem::path& path);

}  // namespace tertium
