#pragma once

#include <string>
#include <type_traits>
#include <vector>

namespace tertium {

/// The names of all things of a registry (metrics(), controls(), directions() …), in its order.
template <class Things>
std::vector<std::string> names_of(const Things& things) {
  std::vector<std::string> names;
  for (const auto& thing : things) {
    if constexpr (std::is_pointer_v<std::remove_cvref_t<decltype(thing)>>)
      names.emplace_back(thing->name);
    else
      names.emplace_back(thing.name);
  }
  return names;
}

}  // namespace tertium
