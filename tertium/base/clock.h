#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tertium {

/// The time now, in UTC: "2026-11-26T18:30:00Z".
std::string utc_now();

/// Seconds since 1970 of a time as utc_now writes it; nothing for any other text.
std::optional<std::int64_t> utc_seconds(const std::string& time);

}  // namespace tertium
