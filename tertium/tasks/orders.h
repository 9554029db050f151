#pragma once

#include <string>
#include <vector>

namespace tertium {

/// In which orders a letters prompt lists an item's options, each order asked in turn (symbol binding).
struct Orders {
  enum class Kind { as_given, first, cyclic, all };
  Kind kind = Kind::as_given;
  std::size_t count = 1;  // of Kind::first
};

/// An order of n options: the option listed at each place. {1, 0} lists the second first.
using OptionOrder = std::vector<std::size_t>;

/// The orders that are asked: the n cyclic shifts, which put every option at every place once, then the others as a
/// dictionary sorts them; all of them, or the first `count`. Throws Error if there are not as many, or far too many.
std::vector<OptionOrder> option_orders(const Orders& orders, std::size_t options);

/// "QZRX" → "Q", "Z", "R", "X". Throws Error if one is white, a colon or there twice, or if there are fewer than two.
std::vector<std::string> symbols_of(const std::string& text);

}  // namespace tertium
