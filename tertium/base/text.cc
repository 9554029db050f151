#include "tertium/base/text.h"

#include <unicode/brkiter.h>
#include <unicode/locid.h>
#include <unicode/stringoptions.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <span>

#include "tertium/base/error.h"
#include "tertium/base/file.h"

namespace tertium {
namespace {

/// Decodes the code point at `at` and moves `at` behind it; negative if the bytes are not UTF-8.
UChar32 next_code_point(std::string_view text, std::size_t& at) {
  int32_t i = 0;
  const auto length = static_cast<int32_t>(std::min<std::size_t>(text.size() - at, U8_MAX_LENGTH));
  UChar32 c;
  U8_NEXT(text.data() + at, i, length, c);
  at += i;
  return c;
}

// Python strips the four information separators too, which Unicode does not call white space.
bool is_space(UChar32 c) { return u_isUWhiteSpace(c) || (c >= 0x1c && c <= 0x1f); }

std::size_t last_code_point_start(std::string_view text) {
  std::size_t at = text.size();
  do --at;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
  return at;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();)
    if (next_code_point(text, at) < 0) return false;
  return true;
}

std::size_t code_points(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](unsigned char byte) { return (byte & 0xC0) != 0x80; });
}

std::string_view strip(std::string_view text) {
  while (!text.empty()) {
    std::size_t behind_first = 0;
    if (!is_space(next_code_point(text, behind_first))) break;
    text.remove_prefix(behind_first);
  }
  while (!text.empty()) {
    const std::size_t start = last_code_point_start(text);
    std::size_t at = start;
    if (!is_space(next_code_point(text, at))) break;
    text = text.substr(0, start);
  }
  return text;
}

std::string_view drop_last_code_point(std::string_view text) {
  return text.empty() ? text : text.substr(0, last_code_point_start(text));
}

std::string lower_first(std::string_view text) {
  if (text.empty()) return {};
  std::size_t behind_first = 0;
  const UChar32 first = next_code_point(text, behind_first);
  std::string lowered;
  icu::UnicodeString(first).toLower(icu::Locale::getRoot()).toUTF8String(lowered);
  return lowered.append(text.substr(behind_first));
}

std::string capitalized(std::string_view text) {
  if (text.empty()) return {};
  const icu::Locale& root = icu::Locale::getRoot();
  icu::UnicodeString all = icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int>(text.size())));
  const icu::UnicodeString first(all.char32At(0));
  // Lower-cased as a whole, since a sigma ends a word in a form of its own.
  all.toLower(root).remove(0, icu::UnicodeString(first).toLower(root).length());
  std::string capitalized;
  icu::UnicodeString(first).toTitle(nullptr, root, U_TITLECASE_NO_BREAK_ADJUSTMENT).toUTF8String(capitalized);
  return all.toUTF8String(capitalized);
}

bool ends_in_punctuation(std::string_view text) {
  if (text.empty()) return false;
  std::size_t at = last_code_point_start(text);
  return u_ispunct(next_code_point(text, at)) != 0;
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string safe;
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    if (count == limit) return safe + "…";
    const std::size_t start = at;
    const UChar32 c = next_code_point(text, at);
    if (c < 0)
      safe += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[start]));
    else if (!u_isprint(c))
      safe += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
    else
      safe.append(text.substr(start, at - start));
  }
  return safe;
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = std::string::npos;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance && 2 * distance <= std::max(word.size(), candidate.size())) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string join(const std::vector<std::string>& words, std::string_view separator) {
  return fmt::format("{}", fmt::join(words, separator));
}

std::string in_percent(double share) { return fmt::format("{:.0f} %", 100 * share); }

std::string read_text_file(const std::filesystem::path& path) {
  constexpr std::size_t kLongest = std::size_t{256} << 20;  // bytes; the longest tokenizer.json has 40 MB
  InputFile file(path);
  const auto demand_short = [&](std::uint64_t size) {
    if (size > kLongest)
      fail("{}: is longer than {} bytes, as no such file is; check the path", path.string(), kLongest);
  };
  demand_short(file.state().size);
  // To the end and not to its size, which is 0 for the kernel's own files.
  constexpr std::size_t kPiece = std::size_t{1} << 16;
  std::string text(std::min<std::size_t>(file.state().size + 1, kLongest + 1), '\0');
  std::size_t length = 0;
  while (const std::size_t more = file.read(std::span(text).subspan(length)).size()) {
    length += more;
    demand_short(length);
    if (length == text.size()) text.resize(length + kPiece);
  }
  text.resize(length);
  if (!is_utf8(text)) fail("{}: is not UTF-8 text; convert it first", path.string());
  return text;
}

}  // namespace tertium
