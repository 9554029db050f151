#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tertium/store/store.h"

namespace tertium {

/// Translations sentence by sentence: "sentences" by language, and "texts", the generated ones in columns, a list of
/// rows for each language, target and condition (empty: the clean run). Null where nothing was translated.
nlohmann::ordered_json translation_columns(const Store& store);

}  // namespace tertium
