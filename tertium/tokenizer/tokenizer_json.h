#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tertium {

// Parts of the text of a tokenizer.json. Written as text: a vocabulary of 262,144 tokens takes tens of milliseconds
// this way.

void append_quoted(std::string& json, std::string_view text);
std::string json_string(std::string_view text);

/// A token that is cut out of a text before anything else happens to it.
struct AddedToken {
  std::size_t id = 0;
  std::string content;
  bool special = true;       // says nothing when decoded
  bool lstrip = false;       // takes the white space before it
  bool rstrip = false;       // and behind it
  bool single_word = false;  // only found between characters that are no letters
};

/// The value of "added_tokens".
std::string added_tokens_json(const std::vector<AddedToken>& tokens);

struct FramingToken {
  std::size_t id;
  std::string content;
};

/// The value of "post_processor": `bos` before every text, `eos` behind it.
std::string frame_json(const std::optional<FramingToken>& bos, const std::optional<FramingToken>& eos);

}  // namespace tertium
