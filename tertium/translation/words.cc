#include "tertium/translation/words.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <cstdint>

namespace tertium {

std::u32string code_points_of(std::string_view text) {
  std::u32string points;
  points.reserve(text.size());
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t at = 0; at < size;) {
    UChar32 point = 0;
    U8_NEXT_OR_FFFD(text.data(), at, size, point);
    points.push_back(static_cast<char32_t>(point));
  }
  return points;
}

bool is_python_space(char32_t character) {
  const auto point = static_cast<UChar32>(character);
  if (u_charType(point) == U_SPACE_SEPARATOR) return true;
  switch (u_charDirection(point)) {
    case U_WHITE_SPACE_NEUTRAL:
    case U_BLOCK_SEPARATOR:
    case U_SEGMENT_SEPARATOR:
      return true;
    default:
      return false;
  }
}

std::vector<std::u32string> split_words(std::u32string_view text) {
  std::vector<std::u32string> words;
  bool inside = false;
  for (const char32_t character : text) {
    if (is_python_space(character)) {
      inside = false;
      continue;
    }
    if (!inside) words.emplace_back();
    inside = true;
    words.back().push_back(character);
  }
  return words;
}

}  // namespace tertium
