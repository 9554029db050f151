#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tertium/store/store.h"

namespace tertium {

/// Results item by item, in columns: "tasks" (ids, categories, texts), "answers", "alignment" and "patches".
nlohmann::ordered_json item_columns(const Store& store);

}  // namespace tertium
