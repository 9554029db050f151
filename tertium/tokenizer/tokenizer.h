#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tertium {

using TokenId = std::int32_t;

/// A half-open range of UTF-8 bytes of the text that was encoded; its ends lie between code points.
struct TextSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
};

struct Encoding {
  std::vector<TokenId> ids;  // [T]
  // [T]; the text that each token stands for, spaces included; begins and ends never decrease, and together they cover
  // the text if any token stands for text. Tokens that share the bytes of one character all have that character. What a
  // normalizer composes away or drops belongs to the token before it, as in SentencePiece's own spans (a combining mark
  // to the letter that it became part of); at the beginning of the text, to the first. White space that is dropped
  // between words belongs to the token behind it. Empty where a token stands for no text, such as BOS.
  std::vector<TextSpan> offsets;
};

/// A model's tokenizer: the Hugging Face tokenizers crate, fed by a tokenizer.json, by a tokenizer.model
/// (SentencePiece) or by a GGUF vocabulary. Copies share it; any number of threads may use it.
class Tokenizer {
 public:
  /// `model`: a Hugging Face folder (tokenizer.json, else tokenizer.model) or a .gguf file. Throws Error naming the
  /// file and what is missing.
  static Tokenizer open(const std::filesystem::path& model);
  /// From the text of a tokenizer.json (or what tokenizer_json(Pieces) gives); `origin` names it in errors.
  static Tokenizer from_json(std::string_view json, const std::string& origin);

  /// Throws Error if `text` is not UTF-8. With `add_special`, also the ids that the tokenizer puts around every text
  /// (usually BOS), as Hugging Face does: beside a BOS that the text itself spells there are then two.
  Encoding encode(std::string_view text, bool add_special) const;
  /// Special tokens, and ids of no token, add nothing to the text.
  std::string decode(std::span<const TokenId> ids) const;
  /// The vocabulary's own spelling of a token ("▁the"); empty if the id is none.
  std::string piece(TokenId id) const;
  /// The number of tokens. A model may have more rows of logits than that.
  std::size_t vocabulary_size() const;
  /// The files that were read for it, whose contents decide every id: tokenizer.json; or tokenizer.model and what there
  /// is of the files beside it (tokenizer_config.h); or the .gguf file. None after from_json.
  const std::vector<std::filesystem::path>& files() const;

 private:
  struct Handle;  // owns the crate's object, and remembers where it came from
  explicit Tokenizer(std::shared_ptr<const Handle> handle) : handle_(std::move(handle)) {}
  std::shared_ptr<const Handle> handle_;
};

}  // namespace tertium
