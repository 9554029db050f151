#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tertium {

// What the Unicode Character Database says of texts, which must be valid UTF-8.

/// What a text ends in, white space aside. mark: a vowel sign, virama or other combining mark.
enum class Ending { none, punctuation, letter, mark, other };
Ending ending_of(std::string_view text);

/// Whether there is a letter or a digit.
bool has_words(std::string_view text);

/// The script of most of its letters ("Latin", "Thai"); empty if it has none. Han and both kana are one, "Han and
/// kana", since Japanese mixes them freely.
std::string main_script(std::string_view text);

/// Whether a word mixes letters of Latin, Greek and Cyrillic, whose letters look alike.
bool has_mixed_word(std::string_view text);

/// Whether there is U+FFFD, which stands for bytes that a conversion could not read, or a control character other than
/// tab and line ends.
bool is_damaged(std::string_view text);

/// The number of words as ICU divides text, which knows dictionaries for Thai, Chinese, Japanese and others.
std::size_t count_words(std::string_view text);

}  // namespace tertium
