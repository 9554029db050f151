#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tertium {

/// Where the parts of a text end, in bytes from its start, without the white space behind them: what positions are
/// found by (protocols/positions.h). A part that the text lacks has no mark.
struct TextMarks {
  std::optional<std::size_t> premise;
  std::optional<std::size_t> question;
  std::optional<std::size_t> colon;   // the last one behind all that the item brings: of "Answer:"
  std::optional<std::size_t> prompt;  // protocol letters: the whole of it, white space included
  std::vector<std::size_t> options;   // [n_options], in the item's order; 0 where the text does not list the option

  bool operator==(const TextMarks&) const = default;
};

struct MarkedText {
  std::string text;
  TextMarks marks;
};

/// The size of a text without the white space at its end; nothing if that is all it holds.
std::optional<std::size_t> end_of_words(std::string_view text);

/// The text of an option, marked as the item's option `index`.
MarkedText marked_option(const std::string& text, std::size_t index);

/// Adds a text behind another, with its marks; a part that both have ends where the later one does.
void append(MarkedText& text, const MarkedText& part);

/// The marks of a text where it lies (the last time) within a longer one, whole or without the white space around it,
/// as chat templates like to write it. None if it does not lie there.
TextMarks marks_within(std::string_view longer, const MarkedText& text);

}  // namespace tertium
