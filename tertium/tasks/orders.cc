#include "tertium/tasks/orders.h"

#include <algorithm>
#include <numeric>

#include "tertium/base/error.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

constexpr std::size_t kMostOptions = 5;  // 120 orders

std::vector<OptionOrder> cyclic_shifts(std::size_t options) {
  std::vector<OptionOrder> shifts;
  for (std::size_t shift = 0; shift < options; ++shift)
    for (OptionOrder& order = shifts.emplace_back(); order.size() < options;)
      order.push_back((order.size() + shift) % options);
  return shifts;
}

std::vector<OptionOrder> all_orders(std::size_t options) {
  if (options > kMostOptions)
    fail("permutations: {} options have too many orders to ask them all; use \"cyclic\", or at most {}", options,
         options);
  std::vector<OptionOrder> orders = cyclic_shifts(options);
  OptionOrder order = orders.front();
  while (std::ranges::next_permutation(order).found)
    if (std::ranges::find(orders.begin(), orders.begin() + static_cast<std::ptrdiff_t>(options), order) ==
        orders.begin() + static_cast<std::ptrdiff_t>(options))
      orders.push_back(order);
  return orders;
}

}  // namespace

std::vector<OptionOrder> option_orders(const Orders& orders, std::size_t options) {
  if (orders.kind == Orders::Kind::as_given) return {cyclic_shifts(options).front()};
  if (orders.kind == Orders::Kind::cyclic) return cyclic_shifts(options);
  const bool shifts_do = orders.kind == Orders::Kind::first && orders.count <= options;
  std::vector<OptionOrder> made = shifts_do ? cyclic_shifts(options) : all_orders(options);
  if (orders.kind == Orders::Kind::all) return made;
  if (orders.count > made.size())
    fail("permutations = {}: {} options have {} orders; ask for fewer, or for \"all\"", orders.count, options,
         made.size());
  made.resize(orders.count);
  return made;
}

std::vector<std::string> symbols_of(const std::string& text) {
  std::vector<std::string> symbols;
  for (std::string rest = text; !rest.empty();) {
    const std::size_t before = drop_last_code_point(rest).size();
    symbols.insert(symbols.begin(), rest.substr(before));
    rest.resize(before);
  }
  for (const std::string& symbol : symbols)
    if (strip(symbol).empty() || symbol == ":" || std::ranges::count(symbols, symbol) > 1)
      fail("symbols \"{}\": each must be a character of its own, and none a space or colon", printable(text));
  if (symbols.size() < 2) fail("symbols \"{}\": there must be at least two", printable(text));
  return symbols;
}

}  // namespace tertium
