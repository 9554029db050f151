#pragma once

#include <string>
#include <vector>

namespace tertium {

/// What a chart is drawn with.
enum class Ink {
  unicode,  // block and line characters
  ascii,
};

/// What the locale lets a terminal show: LC_ALL, LC_CTYPE or LANG, the first that is set, names UTF-8.
Ink ink_of_locale();

/// A line from 0 to 1, `width` characters wide, with an interval and the value within it: "────├──●──┤──────". What is
/// NaN is not drawn.
std::string interval_bar(double low, double value, double high, std::size_t width, Ink ink);

/// A character for each value, as high as its share of `full`: "▁▂▅█"; in ASCII a digit, tenths of `full` ("0137", and
/// "#" for all of it). A value of 0 is a blank line's character, NaN a space.
std::string bars(const std::vector<double>& values, double full, Ink ink);

/// As many values as fit `most` characters: neighbours become one, the largest of them. Returns how many became one.
std::size_t thin_out(std::vector<double>& values, std::size_t most);

}  // namespace tertium
