#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tertium/tasks/marks.h"
#include "tertium/tokenizer/tokenizer.h"

namespace tertium {

/// Places in a text that are named by what stands there, so that two languages' texts have the same ones wherever their
/// tokens lie: name → ascending rows. A name is absent where the text has no such place.
using NamedRows = std::map<std::string, std::vector<int>>;

struct PositionName {
  std::string_view name;
  std::string_view meaning;  // of one line
};

/// All of them (docs/methods.md, section 5).
std::span<const PositionName> known_positions();
std::vector<std::string> position_names();
/// Whether a position is a stretch of any number of rows, of which none stands for anything in particular: two texts'
/// rows are matched by their share of the way.
bool is_of_any_length(std::string_view name);
/// Throws Error for an unknown name, listing the known ones and the nearest.
void demand_position(std::string_view name);

/// The rows of an encoded text at which its marked parts end: a part ends in the token that holds the byte before its
/// mark, the last of them where a character takes several. `option_end` is absent unless every option ends in a token
/// of its own.
NamedRows find_positions(const Encoding& encoding, const TextMarks& marks);

/// The positions of a text that loses its rows [first, first + count). `markers` and `all` are what is left of them;
/// any other that loses a row is gone.
NamedRows without_rows(const NamedRows& positions, int first, int count);

}  // namespace tertium
