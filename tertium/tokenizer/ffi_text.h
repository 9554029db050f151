#pragma once

#include <string>

#include "tertium/tokenizer/ffi/tokenizers_ffi.h"

namespace tertium {

inline constexpr std::size_t kReasonLimit = 200;  // code points of the crate's own words in an error

/// Lets the crate write into `text`.
inline tokenizers_ffi_text_sink sink(std::string& text) {
  const auto write = [](void* into, const char* bytes, std::size_t size) {
    static_cast<std::string*>(into)->assign(bytes, size);
  };
  return {&text, write};
}

}  // namespace tertium
