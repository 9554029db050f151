#pragma once

#include <string>

#include "tertium/experiment/experiment.h"

namespace tertium {

class TomlTable;

/// A [[task]] table named "translate".
TranslateSpec read_translate_keys(TomlTable& table, const std::string& pivot);

}  // namespace tertium
