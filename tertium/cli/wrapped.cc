#include "tertium/cli/wrapped.h"

#include <algorithm>

#include "tertium/base/text.h"

namespace tertium {

std::string wrapped(std::string_view text, std::size_t indent) {
  constexpr std::size_t kWidth = 80;
  std::size_t column = std::min(text.find_first_not_of(' '), text.size());
  std::string lines(column, ' ');
  text.remove_prefix(column);
  for (bool is_first = true; !text.empty(); is_first = false) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t width = code_points(word);
    if (!is_first && column + 1 + width > kWidth) {
      lines += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (!is_first) {
      lines += ' ';
      ++column;
    }
    lines += word;
    column += width;
  }
  return lines;
}

}  // namespace tertium
