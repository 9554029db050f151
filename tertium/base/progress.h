#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace tertium {

/// Called as work goes on: `stage` names it, `done` of `total` units are finished. The library reports, the caller
/// shows.
using Progress = std::function<void(std::string_view stage, std::size_t done, std::size_t total)>;

}  // namespace tertium
