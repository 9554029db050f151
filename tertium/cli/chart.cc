#include "tertium/cli/chart.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string_view>

namespace tertium {
namespace {

struct Glyphs {
  const char *line, *low, *high, *value;
};
constexpr Glyphs kUnicode{"─", "├", "┤", "●"}, kAscii{"-", "[", "]", "o"};

constexpr const char* kHeights[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

/// Where a share of the line lies on it.
std::size_t place(double share, std::size_t width) {
  const double at = std::clamp(share, 0.0, 1.0) * static_cast<double>(width - 1);
  return static_cast<std::size_t>(std::lround(at));
}

std::string height(double share, Ink ink) {
  if (std::isnan(share)) return " ";
  if (ink == Ink::ascii) {
    if (share >= 1) return "#";
    return share <= 0 ? "." : std::string(1, static_cast<char>('0' + static_cast<int>(share * 10)));
  }
  if (share <= 0) return "·";
  constexpr int kLevels = static_cast<int>(std::size(kHeights));
  return kHeights[std::clamp(static_cast<int>(std::ceil(share * kLevels)) - 1, 0, kLevels - 1)];
}

}  // namespace

Ink ink_of_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (!value || !*value) continue;
    std::string locale(value);
    std::ranges::transform(locale, locale.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return locale.find("utf-8") != locale.npos || locale.find("utf8") != locale.npos ? Ink::unicode : Ink::ascii;
  }
  return Ink::ascii;
}

std::string interval_bar(double low, double value, double high, std::size_t width, Ink ink) {
  const Glyphs& glyphs = ink == Ink::unicode ? kUnicode : kAscii;
  std::vector<const char*> line(width, glyphs.line);
  if (!std::isnan(low)) line[place(low, width)] = glyphs.low;
  if (!std::isnan(high)) line[place(high, width)] = glyphs.high;
  if (!std::isnan(value)) line[place(value, width)] = glyphs.value;
  std::string text;
  for (const char* glyph : line) text += glyph;
  return text;
}

std::string bars(const std::vector<double>& values, double full, Ink ink) {
  std::string text;
  for (const double value : values) text += height(full > 0 ? value / full : value, ink);
  return text;
}

std::size_t thin_out(std::vector<double>& values, std::size_t most) {
  const std::size_t together = (values.size() + most - 1) / most;
  if (together <= 1) return 1;
  std::vector<double> fewer;
  for (std::size_t i = 0; i < values.size(); i += together) {
    double largest = std::nan("");
    for (std::size_t j = i; j < std::min(i + together, values.size()); ++j) largest = std::fmax(largest, values[j]);
    fewer.push_back(largest);
  }
  values = std::move(fewer);
  return together;
}

}  // namespace tertium
