#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace tertium {

/// How a text is split before byte pairs are merged: what `tokenizer.ggml.pre` of a GGUF file names.
struct Split {
  std::string_view name;
  std::array<std::string_view, 6> patterns;  // one after the other, each match a piece of its own; empty ones are none
  bool nfc = false;                          // the text is composed first
  bool whole_words = false;                  // a piece that is a token is that token, whatever its merges would be
  bool add_bos = false;                      // unless the file says otherwise
};

/// Null if the name is none that tertium knows.
const Split* find_split(std::string_view name);
std::vector<std::string> split_names();

}  // namespace tertium
