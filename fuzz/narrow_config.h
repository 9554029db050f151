#pragma once

#include "tertium/model/config.h"

namespace tertium::fuzz {

/// Of a model with two columns and one block.
inline const Config& narrow_config() {
  static const Config config = [] {
    Config narrow;
    narrow.hidden = 2;
    narrow.layers.resize(1);
    return narrow;
  }();
  return config;
}

}  // namespace tertium::fuzz
