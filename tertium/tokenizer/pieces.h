#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tertium/tokenizer/tokenizer_json.h"

namespace tertium {

/// The numbers that tokenizer.model and GGUF hold.
enum class PieceType : std::int64_t { normal = 1, unknown, control, user_defined, unused, byte };

inline constexpr std::size_t kByteValues = 256;
/// Real pieces have about 100 bytes; the work grows with the longest.
inline constexpr std::size_t kMaxPieceBytes = 1024;

struct Piece {
  std::string text;
  double score = 0;
  PieceType type = PieceType::normal;
};

/// A SentencePiece model, as a tokenizer.model or a GGUF file holds it.
struct Pieces {
  enum class Algorithm { bpe, unigram };

  Algorithm algorithm = Algorithm::bpe;
  std::vector<Piece> pieces;           // by id
  std::optional<std::size_t> unknown;  // the piece for what the vocabulary cannot spell
  bool byte_fallback = false;          // which is rather spelled in bytes; needs all 256 byte pieces

  // How a text is normalized.
  std::string charsmap;            // compiled rules, as SentencePiece stores them; empty: none
  bool dummy_prefix = true;        // a space is put before a text,
  bool first_prefix_only = false;  // but not behind special tokens in it
  bool whitespace_as_suffix = false;
  bool remove_extra_whitespaces = false;
  bool escape_whitespaces = true;  // spaces are spelled ▁

  std::vector<AddedToken> added;
  bool special_in_text = true;  // special tokens are found in texts; SentencePiece itself finds none
  std::optional<FramingToken> bos, eos;
};

/// What Tokenizer::from_json takes for a SentencePiece model: a tokenizer.json with parts of our own (ffi/src), which
/// give SentencePiece's ids exactly.
std::string tokenizer_json(const Pieces& pieces);

}  // namespace tertium
