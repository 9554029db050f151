#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "tertium/formats/gguf.h"

// The rule for files that describe a model: every key is used, known to be harmless, or refused by name.

namespace tertium {

/// A key that a file holds and that was not used, and why that is right.
struct LeftAside {
  std::string key, why;
};

/// Why a key of config.json that no reader asked for does not touch the numbers; empty if it may. Harmless are: keys of
/// a list, each with its reason; what switches something off (null, false, 0, empty); and names that speak of nothing
/// that a forward pass has.
std::string harmless(std::string_view key, const nlohmann::json& value);

/// The same of a key of GGUF metadata, without the architecture's name before it.
std::string harmless_in_gguf(std::string_view key, const GgufValue& value);

}  // namespace tertium
