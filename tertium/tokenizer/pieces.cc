#include "tertium/tokenizer/pieces.h"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>

namespace tertium {
namespace {

using Json = nlohmann::json;

std::string hexadecimal(const std::string& bytes) {
  std::string digits;
  digits.reserve(2 * bytes.size());
  for (const char byte : bytes) fmt::format_to(std::back_inserter(digits), "{:02x}", static_cast<unsigned char>(byte));
  return digits;
}

Json normalizer_json(const Pieces& pieces) {
  Json user_defined = Json::array();
  for (const Piece& piece : pieces.pieces)
    if (piece.type == PieceType::user_defined) user_defined.push_back(piece.text);
  return {{"charsmap", hexadecimal(pieces.charsmap)},
          {"dummy_prefix", pieces.dummy_prefix},
          {"first_prefix_only", pieces.first_prefix_only},
          {"suffix", pieces.whitespace_as_suffix},
          {"remove_extra_whitespaces", pieces.remove_extra_whitespaces},
          {"escape_whitespaces", pieces.escape_whitespaces},
          {"user_defined", std::move(user_defined)}};
}

Json decoder_json(const Pieces& pieces) {
  Json decoders = {{{"type", "Replace"}, {"pattern", {{"String", "▁"}}}, {"content", " "}},
                   {{"type", "ByteFallback"}},
                   {{"type", "Fuse"}}};
  if (pieces.dummy_prefix)
    decoders.push_back({{"type", "Strip"},
                        {"content", " "},
                        {"start", pieces.whitespace_as_suffix ? 0 : 1},
                        {"stop", pieces.whitespace_as_suffix ? 1 : 0}});
  return {{"type", "Sequence"}, {"decoders", std::move(decoders)}};
}

Json model_json(const Pieces& pieces) {
  // Three flat lists: a vocabulary may have 262,144 pieces, and a list for each would take longer than all the rest.
  Json texts = Json::array(), scores = Json::array(), types = Json::array();
  for (const Piece& piece : pieces.pieces) {
    texts.push_back(piece.text);
    scores.push_back(piece.score);
    types.push_back(static_cast<std::int64_t>(piece.type));
  }
  return {{"algorithm", pieces.algorithm == Pieces::Algorithm::bpe ? "bpe" : "unigram"},
          {"byte_fallback", pieces.byte_fallback},
          {"unk_id", pieces.unknown ? Json(*pieces.unknown) : Json()},
          {"texts", std::move(texts)},
          {"scores", std::move(scores)},
          {"types", std::move(types)}};
}

}  // namespace

std::string tokenizer_json(const Pieces& pieces) {
  const Json tokenizer = {{"version", "1.0"},
                          {"added_tokens", added_tokens_json(pieces.added)},
                          {"normalizer", normalizer_json(pieces)},
                          {"pre_tokenizer", nullptr},
                          {"post_processor", frame_json(pieces.bos, pieces.eos)},
                          {"decoder", decoder_json(pieces)},
                          {"model", model_json(pieces)}};
  // The crate's side knows the text by its first key (ffi/src/lib.rs), and keys are written in order of the alphabet.
  return Json{{"sentencepiece", tokenizer}, {"special_in_text", pieces.special_in_text}}.dump();
}

}  // namespace tertium
