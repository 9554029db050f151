#include "tertium/formats/gguf_split.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace tertium {
namespace {

constexpr std::size_t digits = 5;

/// The number that `text` ends in, taken off it; nothing if it does not end in five digits.
std::optional<int> take_number(std::string_view& text) {
  if (text.size() < digits) return {};
  int number = 0;
  for (const char c : text.substr(text.size() - digits)) {
    if (c < '0' || c > '9') return {};
    number = number * 10 + (c - '0');
  }
  text.remove_suffix(digits);
  return number;
}

bool take(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

}  // namespace

std::filesystem::path GgufPart::file(int other) const {
  return folder / fmt::format("{}-{:05}-of-{:05}.gguf", stem, other, count);
}

std::optional<GgufPart> gguf_part(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  std::string_view left = name;
  if (!take(left, ".gguf")) return {};
  const std::optional<int> count = take_number(left);
  if (!count || !take(left, "-of-")) return {};
  const std::optional<int> number = take_number(left);
  if (!number || !take(left, "-") || *number < 1 || *number > *count) return {};
  return GgufPart{path.parent_path(), std::string(left), *number, *count};
}

}  // namespace tertium
