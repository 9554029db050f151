#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace tertium {

/// To six digits, which is more than a reader asks for; null where it is not known.
inline nlohmann::ordered_json six_digits(double value) {
  if (!std::isfinite(value)) return nullptr;
  return std::strtod(fmt::format("{:.6g}", value).c_str(), nullptr);
}

/// To so many digits behind the point.
inline nlohmann::ordered_json with_decimals(double value, int decimals) {
  if (!std::isfinite(value)) return nullptr;
  const double scale = std::pow(10, decimals);
  return std::abs(value) > 1e9 ? value : std::round(value * scale) / scale;
}

}  // namespace tertium
