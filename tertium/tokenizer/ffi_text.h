#pragma once

#include <new>
#include <string>

#include "tertium/base/text.h"
#include "tertium/tokenizer/ffi/tokenizers_ffi.h"

namespace tertium {

/// Keeps what the crate writes in `kept`, a string or a vector.
template <class Kept, class Element>
bool keep(void* kept, const Element* found, std::size_t count) noexcept {
  try {
    static_cast<Kept*>(kept)->assign(found, found + count);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

/// Lets the crate write into `text`.
inline tokenizers_ffi_text_sink sink(std::string& text) { return {&text, keep<std::string, char>}; }

/// The crate's words for an error.
inline std::string crate_reason(const std::string& reason) {
  constexpr std::size_t limit = 200;  // code points
  return reason.empty() ? "there is not enough memory" : printable(reason, limit);
}

}  // namespace tertium
