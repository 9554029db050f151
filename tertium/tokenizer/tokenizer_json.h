#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace tertium {

// Parts of a tokenizer.json.

/// A token that is cut out of a text before anything else happens to it.
struct AddedToken {
  std::size_t id = 0;
  std::string content;
  bool special = true;       // says nothing when decoded
  bool lstrip = false;       // takes the white space before it
  bool rstrip = false;       // and behind it
  bool single_word = false;  // only found between characters that are no letters
  bool normalized = false;   // found in the normalized text, normalized like it
};

/// The value of "added_tokens".
nlohmann::json added_tokens_json(const std::vector<AddedToken>& tokens);

struct FramingToken {
  std::size_t id;
  std::string content;
};

/// The value of "post_processor": `bos` before every text, `eos` behind it.
nlohmann::json frame_json(const std::optional<FramingToken>& bos, const std::optional<FramingToken>& eos);

}  // namespace tertium
