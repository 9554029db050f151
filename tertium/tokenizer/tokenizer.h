#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tertium {

using TokenId = std::int32_t;

/// A half-open range of UTF-8 bytes of the text that was encoded; its ends lie between code points.
struct TextSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
};

struct Encoding {
  std::vector<TokenId> ids;       // [T]
  std::vector<TextSpan> offsets;  // [T]; empty (begin == end) for tokens that stand for no text, such as BOS
};

/// A model's tokenizer: the Hugging Face tokenizers crate, fed by a tokenizer.json or by a GGUF vocabulary.
class Tokenizer {
 public:
  /// `model`: a Hugging Face folder (tokenizer.json) or a .gguf file. Throws Error naming the file and what is missing.
  static Tokenizer open(const std::filesystem::path& model);
  /// From the text of a tokenizer.json; `origin` names it in errors.
  static Tokenizer from_json(std::string_view json, const std::string& origin);

  /// `text` must be UTF-8. With `add_special`, the ids that the tokenizer puts around a text (usually BOS), never
  /// twice.
  Encoding encode(std::string_view text, bool add_special) const;
  std::string decode(std::span<const TokenId> ids) const;
  /// The vocabulary's own spelling of a token ("▁the"); empty if the id is none.
  std::string piece(TokenId id) const;
  std::size_t vocabulary_size() const;

 private:
  struct Handle;  // owns the crate's object
  explicit Tokenizer(std::shared_ptr<const Handle> handle) : handle_(std::move(handle)) {}
  std::shared_ptr<const Handle> handle_;
};

}  // namespace tertium
